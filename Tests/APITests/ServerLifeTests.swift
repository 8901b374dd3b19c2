import Foundation
import Logging
import Model
import Synchronization
import Testing

@testable import API
@testable import HTTPServing

@Suite(.timeLimit(.minutes(15)))
struct ServerLifeTests {
    @Test func aPortInUseIsReportedWithItsAddress() async throws {
        try await LiveConsole.run { console in
            let failure = await #expect(throws: ConsoleError.self) {
                try await LiveConsole.run(port: console.port) { _ in }
            }
            #expect(
                failure?.description
                    == "cannot listen on 127.0.0.1:\(console.port): another program listens there already; stop it, or choose another port in `listen`"
            )
        }
    }

    @Test(arguments: [
        ("no-such-host.invalid", 0, "has no address; check `listen`"),
        ("192.0.2.1", 0, "this machine has no such address; check `listen`"),
        ("127.0.0.1", 70_000, "a port of 0 to 65535"), ("127.0.0.1", -1, "a port of 0 to 65535"),
        ("", 0, "an address is host:port"),
    ])
    func anAddressThatCannotBeUsedIsReportedWithTheReason(host: String, port: Int, part: String) async throws {
        let failure = await #expect(throws: ConsoleError.self) {
            try await LiveConsole.run(host: host, port: port) { _ in }
        }
        #expect(failure?.description.contains(part) == true, "\(String(describing: failure))")
    }

    @Test func aShutdownDoesNotWaitForIdleConnections() async throws {
        try await LiveConsole.run { console in
            let silent = try RawConnection(port: console.port)
            let halfHead = try RawConnection(port: console.port)
            await halfHead.send("GET /api/v1/sta")
            let kept = try RawConnection(port: console.port)
            await kept.send("GET /-/healthy HTTP/1.1\r\nHost: localhost\r\n\r\n")
            #expect(try await kept.reply().status == 200)
            await console.shutDown()
            #expect(await kept.isClosedByServer())
            #expect(await silent.isClosedByServer())
            _ = halfHead
        }
    }

    @Test func aShutdownDoesNotWaitForABodyThatDoesNotCome() async throws {
        try await LiveConsole.run { console in
            let slow = try RawConnection(port: console.port)
            await slow.send(
                "POST /-/reload HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\nConnection: close\r\n\r\nabc")
            let other = try await console.get("/-/healthy")
            #expect(other.status == 200)
            await console.shutDown()
            #expect(await console.operations.asked.isEmpty)
        }
    }

    @Test func aCancelledServerEndsWithoutAnError() async throws {
        let (bound, announce) = AsyncStream.makeStream(of: Int.self)
        let server = ConsoleServer(
            operations: ScriptedOperations(), listen: ListenPlan(port: 0), secrets: OneSecret(), version: "1",
            logger: LiveConsole.silent, onBound: { _, port in announce.yield(port) })
        let running = Task { try await server.run() }
        for await port in bound.prefix(1) {
            let kept = try RawConnection(port: port)
            await kept.send("GET /-/healthy HTTP/1.1\r\nHost: localhost\r\n\r\n")
            let reply = try await kept.reply()
            #expect(reply.status == 200)
            running.cancel()
            try await running.value
            #expect(await kept.isClosedByServer())
        }
    }

    @Test func theSamePortCanBeTakenAgainAtOnce() async throws {
        let port = try await LiveConsole.run { console in
            let reply = try await console.get("/-/healthy")
            #expect(reply.status == 200)
            return console.port
        }
        try await LiveConsole.run(port: port) { console in
            let reply = try await console.get("/-/healthy")
            #expect(reply.status == 200)
        }
    }

    @Test func oneConnectionCarriesManyRequests() async throws {
        try await LiveConsole.run { console in
            let connection = try RawConnection(port: console.port)
            for path in ["/-/healthy", "/api/v1/nothing", "/api/v1/status"] {
                await connection.send("GET \(path) HTTP/1.1\r\nHost: localhost\r\n\r\n")
                #expect(try await connection.reply().headers["content-length"] != nil)
            }
            await connection.send("POST /-/reload HTTP/1.1\r\nHost: evil\r\nContent-Length: 3\r\n\r\nabc")
            #expect(try await connection.reply().status == 403)
            await connection.send("GET /-/healthy HTTP/1.1\r\nHost: localhost\r\n\r\n")
            #expect(try await connection.reply().status == 200)
        }
    }

    @Test func aHeadThatIsTooLargeIsRefused() async throws {
        try await LiveConsole.run { console in
            let long = String(repeating: "x", count: ServerLimits.headerBytes + 1)
            let reply = try await console.get("/-/healthy", headers: ["X-Long: \(long)"])
            #expect(reply.status == 400)
            #expect(try await console.get("/-/healthy").status == 200)
        }
    }

    @Test(arguments: [
        "GET http://localhost/-/healthy HTTP/1.1\r\nHost: localhost\r\n\r\n",
        "GET http:// HTTP/1.1\r\nHost: localhost\r\n\r\n", "GET http://x HTTP/1.1\r\nHost: localhost\r\n\r\n",
        "GET http://x:1 HTTP/1.1\r\nHost: localhost\r\n\r\n", "OPTIONS * HTTP/1.1\r\nHost: localhost\r\n\r\n",
        "GET /%ff%00 HTTP/1.1\r\nHost: localhost\r\n\r\n", "GET /? HTTP/1.1\r\nHost: localhost\r\n\r\n",
        "GET /api/v1/releases/%00 HTTP/1.1\r\nHost: localhost\r\n\r\n", "GET / HTTP/1.0\r\n\r\n",
        "CONNECT localhost:1 HTTP/1.1\r\nHost: localhost\r\n\r\n", "BREW / HTTP/1.1\r\nHost: localhost\r\n\r\n",
        "GET / HTTP/9.9\r\nHost: localhost\r\n\r\n", "\r\n\r\n\r\n", "\u{16}\u{3}\u{1}nonsense\r\n\r\n",
        "GET #x HTTP/1.1\r\nHost: localhost\r\n\r\n", "GET http:/// HTTP/1.1\r\nHost:\r\n\r\n",
        "POST /-/reload HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    ])
    func oddRequestsDoNotTakeTheServerDown(request: String) async throws {
        try await LiveConsole.run { console in
            let connection = try RawConnection(port: console.port)
            await connection.send(request)
            #expect(try await console.get("/-/healthy").status == 200)
            #expect(await console.operations.asked.isEmpty)
        }
    }

    @Test(arguments: [("0.0.0.0", true), ("127.0.0.1", false), ("localhost", false)])
    func listeningForEverybodyWithoutATokenIsWarnedOf(host: String, isWarned: Bool) async throws {
        let lines = Lines()
        let logger = Logger(label: "console", factory: { _ in LineHandler(lines: lines) })
        try await LiveConsole.run(host: host, logger: logger) { _ in }
        #expect(lines.all.contains { $0.contains("without a token") } == isWarned)
        let quiet = Lines()
        let other = Logger(label: "console", factory: { _ in LineHandler(lines: quiet) })
        try await LiveConsole.run(host: host, token: .file("/t"), logger: other) { _ in }
        // With a token what is left to warn of is that it goes over the network in the clear.
        #expect(quiet.all.contains { $0.contains("without TLS") } == isWarned && quiet.all.count == (isWarned ? 1 : 0))
    }
}

/// What was logged.
private final class Lines: Sendable {
    private let lines = Mutex<[String]>([])
    var all: [String] { lines.withLock { $0 } }
    func add(_ line: String) { lines.withLock { $0.append(line) } }
}

private struct LineHandler: LogHandler {
    let lines: Lines
    var metadata: Logger.Metadata = [:]
    var logLevel = Logger.Level.trace

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) { lines.add("\(event.message)") }
}
