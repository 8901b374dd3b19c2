import Foundation
import Testing

@testable import API

/// Who may change something, asked of a real server.
struct AccessTests {
    private static let rearm = "/api/v1/releases/checkout/rearm"
    private static let body = #"{"reason":"x"}"#

    @Test(
        arguments: [
            ([], 401), (["Authorization: Bearer correct horse"], 202), (["Authorization: bearer  correct horse"], 202),
            (["Authorization: Bearer wrong"], 403), (["Authorization: Bearer correct hors"], 403),
            (["Authorization: Basic correct horse"], 401), (["Authorization: Bearer"], 401),
            (["Authorization: correct horse"], 401),
            (["Authorization: Bearer correct horse", "Authorization: Bearer x"], 401),
            (["Authorization: Bearer correct horse", "Host: rollguard.example"], 202),
            (["Authorization: Bearer correct horse", "X-Forwarded-For: 10.0.0.9"], 202),
            (["Authorization: Bearer correct horse", "Origin: http://evil.example"], 403),
        ] as [([String], Int)])
    func aTokenIsAskedFor(headers: [String], status: Int) async throws {
        try await LiveConsole.run(token: .file("/etc/token")) { console in
            let reply = try await console.post(Self.rearm, Self.body, headers: headers)
            #expect(reply.status == status, "\(reply.text)")
            #expect(!reply.text.contains("correct horse"))
            #expect((reply.headers["www-authenticate"] != nil) == (status == 401))
            #expect(await console.operations.asked.count == (status == 202 ? 1 : 0))
        }
    }

    @Test func readingNeedsNoToken() async throws {
        try await LiveConsole.run(token: .environment("TOKEN")) { console in
            let status = try await console.get("/api/v1/status")
            #expect(status.status == 200)
            #expect(try await console.get("/metrics", headers: ["X-Forwarded-For: 10.0.0.9"]).status == 200)
        }
    }

    @Test func aTokenThatCannotBeReadClosesTheDoorAndSaysWhy() async throws {
        let secrets = OneSecret(content: .failure(.unreadableFile(path: "/etc/token", reason: "Permission denied")))
        try await LiveConsole.run(token: .file("/etc/token"), secrets: secrets) { console in
            let reply = try await console.post(
                Self.rearm, Self.body, headers: ["Authorization: Bearer sesame"])
            #expect(reply.status == 503)
            #expect(
                try reply.decoded(ErrorDocument.self).error
                    == "the token cannot be checked: cannot read the secret file /etc/token: Permission denied")
            #expect(await console.operations.asked.isEmpty)
        }
    }

    @Test(
        arguments: [
            (["Host: localhost"], 202), (["Host: 127.0.0.1:80"], 202), (["Host: [::1]:80"], 202),
            (["Host: evil.example"], 403), (["Host: localhost.evil.example"], 403), (["Host: "], 403),
            (["Origin: http://evil.example"], 403), (["Origin: null"], 403), (["X-Forwarded-For: 10.0.0.1"], 403),
            (["Host: localhost:9411", "Origin: http://localhost:9411"], 202), (["Forwarded: for=10.0.0.1"], 403),
            (["Host: localhost:9411", "Origin: https://localhost:9412"], 403), (["Via: 1.1 proxy"], 403),
        ] as [([String], Int)])
    func withoutATokenTheWebPageOfAnotherSiteGetsNothing(headers: [String], status: Int) async throws {
        try await LiveConsole.run { console in
            let reply = try await console.post(Self.rearm, Self.body, headers: headers)
            #expect(reply.status == status, "\(reply.text)")
            #expect(await console.operations.asked.count == (status == 202 ? 1 : 0))
        }
    }

    @Test(
        arguments: [
            ("GET /api/v1/status HTTP/1.1\r\n", 400), ("GET /-/healthy HTTP/1.0\r\n", 200),
            ("GET /api/v1/status HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n", 400),
            ("GET /api/v1/status HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n", 400),
            ("GET /metrics HTTP/1.1\r\nHost: localhost\r\nhost: evil.example\r\n", 400),
            ("GET http://localhost/api/v1/status HTTP/1.1\r\nHost: evil.example\r\n", 400),
            ("GET http://evil.example/api/v1/status HTTP/1.1\r\nHost: localhost\r\n", 400),
            ("GET http://evil.example HTTP/1.1\r\nHost: localhost\r\n", 400),
            ("GET http://evil.example/metrics HTTP/1.0\r\n", 403),
            ("GET http://localhost?a=http://evil.example HTTP/1.1\r\nHost: localhost\r\n", 200),
            ("GET /?a=http://evil.example HTTP/1.1\r\nHost: localhost\r\n", 200),
            ("GET http://localhost/api/v1/status HTTP/1.1\r\nHost: LOCALHOST\r\n", 200),
        ])
    func aRequestNamesItsHostOnce(head: String, status: Int) async throws {
        try await LiveConsole.run { console in
            let connection = try RawConnection(port: console.port)
            await connection.send(head + "Connection: close\r\n\r\n")
            #expect(try await connection.reply().status == status)
        }
    }

    /// A web page whose name was pointed here reads nothing (DNS rebinding).
    @Test(arguments: ["/", "/metrics", "/-/ready", "/api/v1/status", "/api/v1/openapi.json", "/nothing"])
    func readsUnderAForeignNameGetNothing(path: String) async throws {
        try await LiveConsole.run { console in
            let reply = try await console.get(path, headers: ["Host: evil.example:9411"])
            #expect(reply.status == 403)
            #expect(reply.text.contains("\\\"evil.example\\\"") || reply.text.contains("\"evil.example\""))
            #expect(!reply.text.contains("checkout"))
            let page = try await console.get(path, headers: ["Origin: http://evil.example"])
            #expect(page.status == 403)
        }
    }

    @Test func withoutATokenAChangeIsSentToTheUnixSocketWhichTakesIt() async throws {
        let path = "/tmp/rollguard-\(UInt32.random(in: 0...UInt32.max))/rollguard.sock"
        let folder = URL(fileURLWithPath: path).deletingLastPathComponent()
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        try await LiveConsole.run(changes: false, socketPath: path) { console in
            let reply = try await console.post(Self.rearm, Self.body)
            #expect(reply.status == 403)
            let refusal = try reply.decoded(ErrorDocument.self)
            #expect(refusal.socket == path)
            #expect(await console.operations.asked.isEmpty)
            let socket = try RawConnection(unixSocket: path)
            await socket.send(
                "POST \(Self.rearm) HTTP/1.1\r\nHost: any\r\nContent-Length: \(Self.body.utf8.count)\r\n\r\n"
                    + Self.body)
            #expect(try await socket.reply().status == 202)
            #expect(await console.operations.asked.count == 1)
            var status = stat()
            #expect(lstat(path, &status) == 0 && status.st_mode & 0o777 == 0o600)
            #expect(UnixSocketFile.isOwn(path))
        }
        #expect(!FileManager.default.fileExists(atPath: path))
        #expect(!UnixSocketFile.isOwn(path) && !UnixSocketFile.isOwn("/run/docker.sock"))
    }

    @Test func aSocketThatCannotBeMadeLeavesTheRestAsItIs() async throws {
        for path in ["/nowhere/rollguard.sock", "/tmp/" + String(repeating: "a", count: 110) + "/rollguard.sock"] {
            try await LiveConsole.run(changes: false, socketPath: path) { console in
                let looked = try await console.get("/api/v1/status")
                let changed = try await console.post(Self.rearm, Self.body)
                #expect(looked.status == 200 && changed.status == 403)
            }
        }
    }

    @Test func theTextReloadIsGuardedTooAndAnswersAsText() async throws {
        try await LiveConsole.run(token: .file("/etc/token")) { console in
            let reply = try await console.post("/-/reload", "")
            #expect(reply.status == 401)
            #expect(reply.headers["content-type"] == "text/plain; charset=utf-8")
            #expect(await console.operations.asked.isEmpty)
        }
    }

    @Test(.enabled(if: Interfaces.outwardAddress != nil))
    func withoutATokenACallFromAnotherAddressIsRefused() async throws {
        let address = try #require(Interfaces.outwardAddress)
        try await LiveConsole.run(host: "0.0.0.0") { console in
            let connection = try RawConnection(host: address, port: console.port)
            await connection.send(
                "POST \(Self.rearm) HTTP/1.1\r\nHost: \(address)\r\nContent-Length: \(Self.body.utf8.count)\r\n\r\n"
                    + Self.body)
            let reply = try await connection.reply()
            #expect(reply.status == 403)
            #expect(reply.text.contains("from this machine only"))
            #expect(await console.operations.asked.isEmpty)
        }
    }
}
