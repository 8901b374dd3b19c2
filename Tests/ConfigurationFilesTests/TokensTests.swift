import ConfigurationFiles
import Model
import Testing

/// `listen.tokens`.
struct TokensTests {
    private static func load(_ listen: String) -> Rulebook.Result {
        Sample.load(Sample.changed("state: /var/lib/rollguard", to: "state: /a\nlisten: {\(listen)}"))
    }

    @Test func aTokenHasANameAndRoles() throws {
        let plan = try #require(
            Self.load("tokens: [{name: ci, token_file: c.token, may: [operate, release, release]}]").plan)
        #expect(
            plan.daemon.listen.tokens == [
                TokenPlan(name: "ci", secret: .file("/etc/rollguard/c.token"), may: [.release, .operate])
            ])
        #expect(plan.daemon.listen.asksForToken && !plan.daemon.listen.allowsLoopbackChanges)
    }

    @Test(
        arguments: [
            (
                "token_file: t, tokens: [{name: a, token_env: A, may: [release]}]",
                "2:25: error: 'listen' has a token and 'tokens'; whoever holds the one may do everything, so keep one of the two"
            ),
            ("tokens: []", "2:18: error: 'tokens' needs 1 to 100 entries"),
            ("tokens: [{name: a, may: [release]}]", "2:19: error: a token needs 'token_file' or 'token_env'"),
            (
                "tokens: [{name: a, token: x, may: [release]}]",
                "2:29: error: a secret must not be written in the file; use 'token_file' or 'token_env'"
            ),
            (
                "tokens: [{name: a, token_env: A, may: [relase]}]",
                "2:49: error: an entry of 'may' must be 'release', 'approve' or 'operate', got 'relase'; did you mean 'release'?"
            ),
            (
                "tokens: [{name: a, token_env: A, may: []}]",
                "2:48: error: 'may' is empty; everybody may read, and a token is for more"
            ),
            (
                "tokens: [{name: a, token_env: A, may: [release]}, {name: a, token_env: B, may: [release]}]",
                "2:60: error: token \"a\" is already in the list; names are unique"
            ),
            (
                "changes: socket, tokens: [{name: a, token_env: A, may: [release]}]",
                "2:19: error: 'changes: socket' and a token exclude each other: with a token, every caller that has it may change "
                    + "something"
            ),
        ])
    func aMistakeIsReported(_ listen: String, _ expected: String) {
        #expect(Sample.errors(Self.load(listen)) == ["rollguard.yaml:" + expected])
    }
}
