import ConfigurationFiles
import Foundation
import Model
import Testing

/// Secrets are in files and variables; one in the configuration is refused and never shown.
struct SecretTests {
    private static let end = "https://hooks.example/a\"}"

    @Test(arguments: [
        (end, "http://a\", secret: hunter2}", "use 'secret_file' or 'secret_env'"),
        (end, "http://a\", \"secret\" : \"hunter2, x\"}", "use 'secret_file' or 'secret_env'"),
        (end, "http://a\", token: hunter2}", "use 'secret_file' or 'auth'"),
        (end, "http://a\", password: hunter2}", "use 'secret_file' or 'auth'"),
        (end, "http://a\", auth: {bearer: hunter2}}", "use 'bearer_file' or 'bearer_env'"),
        (end, "http://a\", auth: {token: hunter2}}", "use 'bearer_file'"),
        (end, "http://a\", auth: {basic: {user: u, password: hunter2}}}", "use 'password_file' or 'password_env'"),
        (end, "http://a\", auth: {header: {name: X-A, value: hunter2}}}", "use 'value_file' or 'value_env'"),
        (end, "http://a\", tls: {cert_file: a, key: hunter2}}", "use 'key_file'"),
        (end, "http://a\", headers: {Authorization: \"Bearer hunter2\"}}", "use 'auth' with 'header'"),
        (end, "http://a\", headers: {X-Api-Key: hunter2}}", "use 'auth' with 'header'"),
        (end, "http://a\", secret_env: \"hunter2!\"}", "must be the name of an environment variable"),
        (end, "https://bob:hunter2@a\"}", "a user name or password must not be part of an address"),
        (end, "https://bob:hun/hunter2@a\"}", "a user name or password must not be part of an address"),
        ("\"10.0.0.2:9090\"", "\"bob:hunter2@a:1\"", "a user name or password must not be part of an address"),
        ("state: /var/lib/rollguard", "state: /a\nlisten: {token: hunter2}", "use 'token_file' or 'token_env'"),
        ("state: /var/lib/rollguard", "state: /a\napi_key: hunter2", "name a file or an environment variable"),
        ("state: /var/lib/rollguard", "state: /a\npassword:\n  hunter2", "name a file or an environment variable"),
    ])
    func inlineSecretsAreRefusedUnseen(_ piece: String, _ other: String, _ advice: String) {
        let result = Sample.load(Sample.changed(piece, to: other))
        #expect(result.plan == nil)
        #expect(result.errors.contains { $0.text.contains(advice) })
        #expect(!result.errors.contains { "\($0)".contains("hunter2") }, "\(result.errors)")
    }

    @Test func otherErrorsInTheLineDoNotShowTheSecret() {
        let text = Sample.changed(Self.end, to: "https://u:hunter2@a?token=hunter2\", secret: hunter2, tmeout: 1s}")
        let result = Sample.load(text)
        #expect(result.errors.count == 3)
        #expect(!result.errors.contains { "\($0)".contains("hunter2") }, "\(result.errors)")
    }

    /// Found by fuzzing: an address in a field that is none, or in a field's name, was reported with its password.
    @Test(arguments: [
        ("state: /var/lib/rollguard", "state: /a\nhttps://bob:hunter2@a: 1"),
        ("kind: webhook", "kind: https://bob:hunter2@a"),
        ("kind: webhook", "kind: bob:hunter2@a"), ("kind: webhook", "kind: https://a/?key=hunter2"),
        ("interval: 5s", "interval: \"https://bob:hunter2@a\""),
        ("kind: gray", "kind: https://\("a".padding(toLength: 50, withPad: "b", startingAt: 0)):hunter2@a"),
    ])
    func anAddressInTheWrongPlaceIsReportedWithoutItsPassword(_ piece: String, _ other: String) {
        let result = Sample.load(Sample.changed(piece, to: other))
        #expect(!result.errors.isEmpty && result.errors.contains { $0.text.contains("***") }, "\(result.errors)")
        #expect(!result.errors.contains { "\($0)".contains("hunter2") }, "\(result.errors)")
    }

    @Test func anAddressMayBeKeptInAFile() throws {
        let text = Sample.changed(
            "kind: webhook, url: \"https://hooks.example/a\"", to: "kind: slack, url_file: slack.url")
        let receiver = try #require(Sample.load(text).plan?.receivers.first)
        #expect(receiver.kind.name == "slack" && receiver.kind.hasSecretAddress && receiver.url.isEmpty)
        #expect(receiver.urlSecret == .file("/etc/rollguard/slack.url"))
    }

    @Test func referencesAreTaken() throws {
        let text = Sample.changed(
            Self.end,
            to: "http://a\", secret_file: hook.key, auth: {basic: {user: u, password_env: HOOK_PASSWORD}}, "
                + "tls: {ca_file: /ca.pem, cert_file: c.pem, key_file: ./k.pem, insecure_skip_verify: true}}")
        let receiver = try #require(Sample.load(text).plan?.receivers.first)
        #expect(receiver.secret == .file("/etc/rollguard/hook.key"))
        #expect(
            receiver.security
                == ClientSecurity(
                    caFile: "/ca.pem", certificateFile: "/etc/rollguard/c.pem", keyFile: "/etc/rollguard/k.pem",
                    insecureSkipVerify: true,
                    authorization: .basic(user: "u", password: .environment("HOOK_PASSWORD"))))
    }
}
