import Glibc
import HTTPClient
import Ports
import Testing

/// Cancelling, ending, and what the surroundings must not change.
struct LifeTests {
    @Test func cancellingTheTaskAbortsTheTransfer() async throws {
        let server = ScriptedServer { peer in
            _ = peer.request()
            peer.waitForEnd()
        }
        defer { server.stop() }
        try await withTransport { transport in
            let task = Task { await transport.failure(HTTPRequest(url: server.url, timeoutMs: 60_000)) }
            #expect(await eventually { server.received.count == 1 })
            task.cancel()
            #expect(await task.value == .broken(address: server.url + "/", reason: "the request was cancelled"))
            #expect(await eventually { server.endedConnections == 1 })
        }
    }

    @Test func aTaskThatIsCancelledAlreadyDoesNotWait() async throws {
        let server = ScriptedServer { $0.waitForEnd() }
        defer { server.stop() }
        try await withTransport { transport in
            let task = Task {
                while !Task.isCancelled { await Task.yield() }
                return await transport.failure(HTTPRequest(url: server.url, timeoutMs: 60_000))
            }
            task.cancel()
            #expect(await task.value?.description.hasSuffix("was cancelled") == true)
        }
    }

    @Test func shutdownEndsWhatIsUnderWayAndMayBeRepeated() async throws {
        let server = ScriptedServer { $0.waitForEnd() }
        defer { server.stop() }
        let transport = CurlTransport(userAgent: "t", secrets: FixedSecrets(), maxInFlight: 1)
        let request = HTTPRequest(url: server.url, timeoutMs: 60_000)
        let tasks = (0..<3).map { _ in Task { await transport.failure(request) } }
        #expect(await eventually { server.connections == 1 })
        async let first: Void = transport.shutdown()
        async let second: Void = transport.shutdown()
        _ = await (first, second)
        for task in tasks { #expect(await task.value == .closed) }
        #expect(await transport.failure(request) == .closed)
        await transport.shutdown()
    }

    @Test func aTransportThatIsLetGoClosesItsConnections() async throws {
        let server = ScriptedServer.answering { _ in ScriptedServer.ok() }
        defer { server.stop() }
        var transport: CurlTransport? = CurlTransport(userAgent: "t", secrets: FixedSecrets())
        _ = try await transport?.send(HTTPRequest(url: server.url))
        transport = nil
        #expect(await eventually { server.endedConnections == 1 })
    }

    /// A program started by the daemon must not hold a connection that the daemon has closed.
    @Test func connectionsAreNotInheritedByChildren() async throws {
        let server = ScriptedServer.answering { _ in ScriptedServer.ok() }
        defer { server.stop() }
        try await withTransport { transport in
            _ = try await transport.send(HTTPRequest(url: server.url))
            let own = (3..<4_096).filter { Self.portOfPeer(Int32($0)) == server.port }
            #expect(own.count == 1)
            #expect(own.allSatisfy { fcntl(Int32($0), F_GETFD) & FD_CLOEXEC != 0 })
        }
    }

    private static func portOfPeer(_ descriptor: Int32) -> Int? {
        var address = sockaddr_in()
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let answer = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { getpeername(descriptor, $0, &length) }
        }
        guard answer == 0, address.sin_family == sa_family_t(AF_INET) else { return nil }
        return Int(UInt16(bigEndian: address.sin_port))
    }

    @Test func proxiesOfTheEnvironmentAreIgnored() async {
        await #expect(processExitsWith: .success) {
            for name in ["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"] { setenv(name, "http://127.0.0.1:1", 1) }
            unsetenv("no_proxy")
            let server = ScriptedServer.answering { _ in ScriptedServer.ok("direct") }
            let transport = CurlTransport(userAgent: "t", secrets: FixedSecrets())
            let response = try await transport.send(HTTPRequest(url: server.url))
            exit(response.text == "direct" ? 0 : 1)
        }
    }
}
