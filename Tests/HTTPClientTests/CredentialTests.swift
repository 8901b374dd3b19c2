import Foundation
import HTTPClient
import Model
import Ports
import Testing

struct CredentialTests {
    private let secrets = FixedSecrets(values: ["KEY": "s3cret", "BAD": "s3c\r\nX-Injected: 1", "LONG": "s3c ret ü"])

    private func sent(_ request: (String) -> HTTPRequest) async throws -> ScriptedServer.Request {
        let server = ScriptedServer.answering { _ in ScriptedServer.ok() }
        defer { server.stop() }
        _ = try await withTransport(secrets: secrets) { try await $0.send(request("127.0.0.1:\(server.port)")) }
        return try #require(server.received.first)
    }

    @Test(arguments: [
        (Authorization.bearer(.environment("KEY")), "Authorization", "Bearer s3cret"),
        (.basic(user: "me", password: .environment("LONG")), "Authorization", "Basic bWU6czNjIHJldCDDvA=="),
        (.header(name: "X-Api-Key", value: .environment("KEY")), "X-Api-Key", "s3cret"),
    ])
    func aCredentialIsSent(authorization: Authorization, name: String, value: String) async throws {
        let request = try await sent {
            HTTPRequest(
                url: "http://\($0)/", headers: [TextPair(name.lowercased(), "from the configuration")],
                security: ClientSecurity(authorization: authorization))
        }
        #expect(request.values(name) == [value])
    }

    @Test func aCredentialInTheURLIsSentAsBasicAuthentication() async throws {
        let request = try await sent { HTTPRequest(url: "http://me:p%40ss@\($0)/x") }
        #expect(request.line == "GET /x HTTP/1.1")
        #expect(request.values("Authorization") == ["Basic bWU6cEBzcw=="])
    }

    @Test func noErrorShowsACredential() async throws {
        let server = ScriptedServer { _ = $0.request() }
        let dead = ScriptedServer.listenOnLoopback()
        close(dead.descriptor)
        defer { server.stop() }
        let urls = [
            "http://me:s3cret@127.0.0.1:\(server.port)/?token=s3cret#s3cret",
            "http://me:s3cret@127.0.0.1:\(dead.port)/?s3cret", "http://me:s3cret@no-such-host.invalid/?a=s3cret",
            "http://me:s3c/ret@127.0.0.1/", "ftp://me:s3cret@127.0.0.1/", "http://me:s3cret@", "http://me:s3cret@a b/",
            "me:s3cret@127.0.0.1/?k=s3cret", "http://me:s3cret@127.0.0.1:99999/",
            "http://me:s3cret@127.0.0.1\r\nX: 1/", "",
        ]
        try await withTransport { transport in
            for url in urls {
                let error = await transport.failure(HTTPRequest(url: url))
                let text = "\(try #require(error, "\(url) did not fail"))"
                #expect(!text.contains("s3c"), "\(text)")
                #expect(!text.contains("\n"))
            }
        }
    }

    @Test func aSecretWithALineBreakIsRefusedWithoutShowingIt() async throws {
        let security = ClientSecurity(authorization: .bearer(.environment("BAD")))
        let error = try await withTransport(secrets: secrets) {
            await $0.failure(HTTPRequest(url: "http://127.0.0.1:1/", security: security))
        }
        let text = "the secret in the environment variable BAD holds a line break or another control character"
        #expect(error == .unusable(text))
    }

    @Test func aSecretThatIsMissingSaysWhichAndNothingIsSent() async throws {
        let security = ClientSecurity(authorization: .bearer(.file("/nonexistent/token")))
        let transport = CurlTransport(userAgent: "t", secrets: SystemSecretStore())
        let error = await transport.failure(HTTPRequest(url: "http://127.0.0.1:1/", security: security))
        await transport.shutdown()
        #expect(error == .unusable("cannot read the secret file /nonexistent/token: No such file or directory"))
    }

    @Test func filesAndVariablesAreReadAgainAndTrimmed() throws {
        let folder = try TemporaryFolder()
        let store = SystemSecretStore()
        let path = try folder.file("key", " \n one\r\n\n")
        #expect(try store.secret(.file(path)) == "one")
        _ = try folder.file("key", "two")
        #expect(try store.secret(.file(path)) == "two")
        #expect(try store.secret(.environment("PATH")).contains("/bin"))
    }

    @Test func whatIsNoSecretIsAnError() throws {
        let folder = try TemporaryFolder()
        let store = SystemSecretStore()
        let empty = try folder.file("empty", " \n")
        let large = try folder.file("large", String(repeating: "x", count: SystemSecretStore.limitBytes + 1))
        let binary = folder.path + "/binary"
        try Data([0xFF, 0xFE, 0x41]).write(to: URL(fileURLWithPath: binary))
        let pipe = folder.path + "/pipe"
        #expect(mkfifo(pipe, 0o600) == 0)
        #expect(throws: SecretError.empty(place: "the file \(empty)")) { try store.secret(.file(empty)) }
        #expect(throws: SecretError.unreadableFile(path: large, reason: "it is larger than 65536 bytes")) {
            try store.secret(.file(large))
        }
        #expect(throws: SecretError.unreadableFile(path: binary, reason: "it is not UTF-8 text")) {
            try store.secret(.file(binary))
        }
        for path in [pipe, folder.path, "/dev/zero"] {
            #expect(throws: SecretError.unreadableFile(path: path, reason: "it is not a regular file")) {
                try store.secret(.file(path))
            }
        }
        #expect(throws: SecretError.unsetVariable(name: "ROLLGUARD_NO_SUCH_VARIABLE")) {
            try store.secret(.environment("ROLLGUARD_NO_SUCH_VARIABLE"))
        }
    }
}
