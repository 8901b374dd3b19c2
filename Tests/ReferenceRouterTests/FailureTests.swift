import NIOCore
import Testing

@testable import ReferenceRouter

struct FailureTests {
    private func metric(_ line: String, of router: TestRouter) async throws -> Bool {
        try await Reply.to("GET", "/metrics", at: router.admin).rawBody.contains("\n\(line)\n")
    }

    @Test func aVersionWithoutServersIsABadGatewayAndNoUserIsMovedElsewhere() async throws {
        let baseline = try await StubServer.start { _ in .ok("old") }
        let router = try await TestRouter.start(
            baseline: [baseline.address],
            canary: [try await StubServer.refusedAddress(), try await StubServer.refusedAddress()],
            canaryBasisPoints: 10_000)
        let reply = try await Reply.to("GET", "/", at: router.data)
        #expect(reply.status == 502)
        #expect(reply.headers["x-rollguard-version"] == "canary")
        #expect(baseline.log.requests.isEmpty)
        // Each 502 is one error. Not a fixed number: a client of another test that knew this port before may have asked too.
        let page = try await Reply.to("GET", "/metrics", at: router.admin).rawBody
        let errors = try #require(page.firstMatch(of: /\ngray_router_errors_total\{version="canary"\} ([0-9]+)\n/)).1
        let answers = page.firstMatch(of: /\ngray_router_requests_total\{version="canary",code="502"\} ([0-9]+)\n/)?.1
        #expect(Int(errors) ?? 0 >= 1)
        #expect(errors == answers)
        await router.stop()
        await baseline.stop()
    }

    @Test func theNextServerTakesOverFromOneThatRefuses() async throws {
        let good = try await StubServer.start { _ in .ok("ok") }
        let router = try await TestRouter.start(
            baseline: [try await StubServer.refusedAddress(), good.address], canary: ["127.0.0.1:1"])
        for _ in 0..<10 {
            #expect(try await Reply.to("POST", "/", at: router.data, body: "hello").status == 200)
        }
        #expect(good.log.requests.map(\.body) == [String](repeating: "hello", count: 10))
        #expect(try await metric("gray_router_errors_total{version=\"baseline\"} 0", of: router))
        await router.stop()
        await good.stop()
    }

    @Test func aServerThatStopsWhileTheRouterRunsIsSteppedOver() async throws {
        let leaving = try await StubServer.start { _ in .ok("ok") }
        let staying = try await StubServer.start { _ in .ok("ok") }
        let router = try await TestRouter.start(
            baseline: [leaving.address, staying.address], canary: ["127.0.0.1:1"])
        for _ in 0..<4 { #expect(try await Reply.to("GET", "/", at: router.data).status == 200) }
        #expect(!leaving.log.requests.isEmpty)
        await leaving.stopForGood()
        for _ in 0..<10 { #expect(try await Reply.to("GET", "/", at: router.data).status == 200) }
        await router.stop()
        await staying.stop()
    }

    @Test func serversTakeTurnsAndOneThatIsDownIsLeftOutWhileAnotherIsUp() throws {
        let group = BackendGroup(["a:1", "b:2", "c:3"])
        func turns(_ count: Int) -> [String] { (0..<count).compactMap { _ in group.next()?.host } }
        let all = turns(9)
        #expect(Set(all[..<3]) == ["a", "b", "c"])
        #expect(all == Array(all[..<3]) + Array(all[..<3]) + Array(all[..<3]))
        group.backends[1].mark(up: false)
        #expect(Set(turns(6)) == ["a", "c"])
        for backend in group.backends { backend.mark(up: false) }
        #expect(!group.isAnyUp)
        #expect(Set(turns(6)) == ["a", "b", "c"])
        #expect(group.next(except: Array(group.backends[..<2]))?.host == "c")
        #expect(group.next(except: group.backends) == nil)
    }

    @Test func aServerThatDoesNotAnswerIsAGatewayTimeout() async throws {
        try await withRouter(change: { $0.responseTimeoutMs = 500 }, answer: { _ in .nothing }) { router, baseline, _ in
            let client = try await RawClient.connect(router.data)
            try await client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            let reply = try Reply(try await client.receive { $0.hasSuffix("in time\n") })
            #expect(reply.status == 504)
            #expect(reply.headers["x-rollguard-version"] == "baseline")
            #expect(!client.isClosed)
            #expect(await eventually { baseline.log.requests.count == 1 })
            #expect(try await metric("gray_router_errors_total{version=\"baseline\"} 1", of: router))
            await client.close()
        }
    }

    @Test func aServerThatDoesNotAcceptInTimeIsAGatewayTimeout() async throws {
        let (listener, fillers) = try await StubServer.startFull()
        let router = try await TestRouter.start(
            baseline: ["127.0.0.1:\(listener.localAddress?.port ?? 0)"], canary: ["127.0.0.1:1"],
            change: { $0.connectTimeoutMs = 200 })
        let reply = try await Reply.to("GET", "/", at: router.data)
        #expect(reply.status == 504)
        #expect(reply.headers["x-rollguard-version"] == "baseline")
        await router.stop()
        for filler in fillers { await filler.close() }
        try await listener.close().get()
    }

    @Test func aServerThatClosesInsteadOfAnsweringIsABadGateway() async throws {
        try await withRouter(answer: { _ in .close }) { router, baseline, _ in
            let reply = try await Reply.to("POST", "/", at: router.data, body: "x")
            #expect(reply.status == 502)
            #expect(baseline.log.requests.count == 1)
        }
    }

    @Test(arguments: [
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n", "nonsense\r\n\r\n",
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
    ])
    func anAnswerThatIsNotOneIsABadGateway(answer: String) async throws {
        try await withRouter(answer: { _ in .bytes(answer) }) { router, _, _ in
            let reply = try await Reply.to("GET", "/", at: router.data)
            #expect(reply.status == 502)
        }
    }

    @Test(arguments: [
        "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nbegin",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nbegin\r\n",
    ])
    func aServerThatDiesInMidAnswerTakesTheClientConnectionWithIt(answer: String) async throws {
        try await withRouter(answer: { _ in .bytesThenClose(answer) }) { router, _, _ in
            let client = try await RawClient.connect(router.data)
            try await client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            let text = try await client.receiveAll()
            #expect(text.contains("begin"))
            #expect(!text.hasSuffix("0\r\n\r\n"))
        }
    }

    @Test func aKeptConnectionThatWentStaleIsReplacedUnseen() async throws {
        // The second request on a connection finds it closed.
        let seen = SeenConnections()
        let answer: @Sendable (StubRequest) -> StubAnswer = { request in
            seen.isFirst(on: request.connection) ? .ok("ok") : .close
        }
        try await withRouter(answer: answer) { router, baseline, _ in
            let client = try await RawClient.connect(router.data)
            for number in 1...3 {
                client.clear()
                try await client.send("GET /\(number) HTTP/1.1\r\nHost: a\r\n\r\n")
                #expect(try Reply(try await client.receive { $0.hasSuffix("\r\n\r\nok") }).status == 200)
            }
            #expect(baseline.log.requests.map(\.line) == ["GET /1", "GET /2", "GET /2", "GET /3", "GET /3"])
            client.clear()
            try await client.send("POST /4 HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi")
            #expect(try Reply(try await client.receive { $0.hasSuffix("\n") }).status == 502)
            #expect(baseline.log.requests.count { $0.line == "POST /4" } == 1)
            await client.close()
        }
    }

    @Test func bytesAfterAnAnswerAreNotTheNextRequestsAnswer() async throws {
        let two = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil"
        try await withRouter(answer: { $0.line == "GET /1" ? .bytes(two) : .ok("fine") }) { router, _, _ in
            let client = try await RawClient.connect(router.data)
            try await client.send("GET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\n")
            let text = try await client.receive { $0.hasSuffix("fine") || $0.contains("evil") }
            #expect(!text.contains("evil"))
            await client.close()
        }
    }

    @Test func aClientThatGoesAwayIsCountedAndItsServerConnectionClosed() async throws {
        try await withRouter(answer: { _ in .nothing }) { router, baseline, _ in
            let client = try await RawClient.connect(router.data)
            try await client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            #expect(await eventually { baseline.log.requests.count == 1 })
            await client.close()
            let line = "gray_router_requests_total{version=\"baseline\",code=\"499\"} 1"
            #expect(try await eventually { try await metric(line, of: router) })
            let number = try #require(baseline.log.requests.first).connection
            #expect(await eventually { !baseline.log.connections[number - 1].isActive })
        }
    }

    @Test func aSilentClientIsClosed() async throws {
        try await withRouter(change: { $0.idleTimeoutMs = 50 }) { router, _, _ in
            let client = try await RawClient.connect(router.data)
            #expect(try await client.receiveAll().isEmpty)
        }
    }

    @Test func aClientWithHalfAHeadIsClosed() async throws {
        try await withRouter(change: { $0.idleTimeoutMs = 1_000 }) { router, _, _ in
            let client = try await RawClient.connect(router.data, first: "GET / HTTP/1.1\r\nHos")
            #expect(try await client.receiveAll().isEmpty)
        }
    }

    @Test func aBodyThatStopsComingIsARequestTimeout() async throws {
        try await withRouter(change: { $0.idleTimeoutMs = 1_000 }) { router, _, _ in
            let head = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n"
            let client = try await RawClient.connect(router.data, first: head + "half")
            #expect(try Reply(try await client.receiveAll()).status == 408)
        }
    }

    @Test func baselineHealthIsReportedByTheAdminAPI() async throws {
        let baseline = try await StubServer.start { _ in .ok("") }
        let router = try await TestRouter.start(baseline: [baseline.address], canary: ["127.0.0.1:1"])
        func document() async throws -> String { try await Reply.to("GET", "/api/v1/split", at: router.admin).rawBody }
        #expect(try await document().contains("\"baseline_healthy\":true"))
        await baseline.stop()
        #expect(try await eventually { try await document().contains("\"baseline_healthy\":false") })
        await router.stop()
    }

    @Test func aPortThatIsTakenIsNamed() async throws {
        let taken = try await StubServer.start { _ in .close }
        do {
            let router = try await TestRouter.start(
                baseline: ["127.0.0.1:1"], canary: ["127.0.0.1:1"], change: { $0.listen = taken.address })
            await router.stop()
            Issue.record("it listens on a taken port")
        } catch let error as GrayRouterError {
            #expect(error == .cannotListen(address: taken.address, reason: "Address already in use"))
        }
        await taken.stop()
    }

    @Test func aRouterStartsOnce() async throws {
        let router = try await TestRouter.start(baseline: ["127.0.0.1:1"], canary: ["127.0.0.1:1"])
        await #expect(throws: GrayRouterError.startedAlready) { _ = try await router.router.start() }
        await router.stop()
        await router.stop()
        await #expect(throws: GrayRouterError.startedAlready) { _ = try await router.router.start() }
    }
}
