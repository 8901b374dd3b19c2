import ConfigurationFiles
import Model
import Testing

/// Who may approve a step: tokens of `listen`.
struct ApproverTests {
    private static func load(_ approval: String, listen: String? = nil) -> Rulebook.Result {
        let text = LedSample.changed("every: {min: 5m}", to: "every: {min: 5m, approval: {\(approval)}}")
        guard let listen else { return Sample.load(text) }
        return Sample.load(
            Sample.changed("state: /var/lib/rollguard", to: "listen: {tokens: [\(listen)]}\nstate: /a", in: text))
    }

    private static let two = "{name: ci, token_env: A, may: [release]}, {name: sre, token_env: B, may: [approve]}"

    @Test func aTokenWithTheRoleMayBeNamed() throws {
        let plan = try #require(Self.load("of: [sre]", listen: Self.two).plan)
        #expect(plan.releases[0].rollout?.steps[0].approval?.of == ["sre"])
    }

    @Test(
        arguments: [
            (
                "of: [sre]", nil,
                "12:40: error: 'of' names tokens, and 'listen' has no 'tokens'; without them callers have no names"
            ),
            ("of: [srx]", two, "13:40: error: 'listen' has no token 'srx'; did you mean 'sre'?"),
            ("of: [ci]", two, "13:40: error: the token \"ci\" does not have the role 'approve'"),
            (
                "count: 2", two,
                "13:42: error: 'count' asks for 2 approvals, and 1 of the 'tokens' in 'listen' can give one"
            ),
        ] as [(String, String?, String)])
    func whoCannotApproveIsReported(_ approval: String, _ listen: String?, _ expected: String) {
        #expect(Sample.errors(Self.load(approval, listen: listen)) == ["rollguard.yaml:" + expected])
    }
}
