import Foundation
import Model
import Testing

@testable import API

/// The page for people: its files, its session, its stream and its histories.
struct PageTests {
    private static let browser = ["Accept: text/html,application/xhtml+xml"]

    @Test func aBrowserGetsThePageAndEverybodyElseTheRoutes() async throws {
        try await LiveConsole.run { console in
            let page = try await console.get("/", headers: PageTests.browser)
            #expect(page.headers["content-type"] == "text/html; charset=utf-8")
            #expect(page.text.hasPrefix("<!doctype html>"))
            #expect(try await console.get("/").text.hasPrefix("Rollguard 1.2.3"))
        }
    }

    @Test(arguments: [
        ("/ui/page.css", "text/css; charset=utf-8"), ("/ui/page.js", "text/javascript; charset=utf-8"),
        ("/ui/plots.js", "text/javascript; charset=utf-8"), ("/ui/icon.svg", "image/svg+xml"),
    ])
    func eachFileIsServedWithAStrictPolicy(path: String, contentType: String) async throws {
        try await LiveConsole.run { console in
            let reply = try await console.get(path)
            #expect(reply.status == 200)
            #expect(reply.headers["content-type"] == contentType)
            let policy = try #require(reply.headers["content-security-policy"])
            #expect(policy.hasPrefix("default-src 'none'; script-src 'self'; style-src 'self'"))
            #expect(!policy.contains("unsafe") && !policy.contains("http"))
        }
    }

    /// A style, a script or an address of another site in these files would be refused by their own policy.
    @Test func theFilesNeedNothingButThemselves() {
        let page = String(decoding: PackageResources.index_html, as: UTF8.self)
        #expect(!page.contains("style=") && !page.contains("<style") && !page.contains("onclick"))
        for bytes in [PackageResources.index_html, PackageResources.page_css, PackageResources.page_js] {
            let text = String(decoding: bytes, as: UTF8.self)
            #expect(!text.contains("https://") && !text.contains("style=\""))
        }
        let files = [
            PackageResources.index_html, PackageResources.page_css, PackageResources.page_js, PackageResources.plots_js,
            PackageResources.icon_svg,
        ]
        #expect(files.reduce(0) { $0 + $1.count } < 150_000)
    }

    @Test func theStreamBeginsWithTheState() async throws {
        try await LiveConsole.run { console in
            let reply = try await console.stream("/api/v1/stream", until: "}\n\n")
            #expect(reply.headers["content-type"] == "text/event-stream")
            let event = try #require(reply.text.firstMatch(of: /id: [a-z0-9]+\.1\nevent: status\ndata: (\{.*\})\n\n/))
            let status = try JSONDecoder().decode(StatusDocument.self, from: Data(event.1.utf8))
            #expect(status.version == "1.2.3")
        }
    }

    /// So a reader that brings the id of its newest event gets nothing before something has changed.
    @Test func whatHasNotChangedKeepsItsID() async {
        let documents = StreamDocuments(operations: ScriptedOperations(.init()), version: "1.2.3")
        let first = await documents.newest(.status)
        let second = await documents.newest(.status)
        #expect(first.id == second.id)
        #expect(await documents.newest(.release("checkout")).id != first.id)
    }

    @Test func onlySoManyReadersFollowAtTheSameTime() async {
        let documents = StreamDocuments(operations: ScriptedOperations(.init()), version: "1.2.3")
        for _ in 0..<StreamDocuments.streamLimit { #expect(await documents.enter()) }
        #expect(await !documents.enter())
        await documents.leave()
        #expect(await documents.enter())
    }

    @Test func theStreamOfAReleaseHoldsThatRelease() async throws {
        try await LiveConsole.run { console in
            let reply = try await console.stream("/api/v1/stream?release=checkout", until: "\"name\":\"checkout\"")
            #expect(reply.text.contains("event: release\n"))
            #expect(try await console.get("/api/v1/stream?release=none").status == 404)
        }
    }

    @Test func aStreamEndsWithTheDaemon() async throws {
        try await LiveConsole.run { console in
            let connection = try RawConnection(port: console.port)
            await connection.send("GET /api/v1/stream HTTP/1.1\r\nHost: 127.0.0.1:\(console.port)\r\n\r\n")
            #expect(try await connection.reply(until: "data:").status == 200)
            await console.shutDown()
            #expect(await connection.ends())
        }
    }

    @Test func aHistoryHasAValueForEachColumnOfEachPoint() async throws {
        let book = HistoryBook()
        await book.take(Sample.led)
        let document = HistoryDocument(await book.history(of: "shop"), release: "shop")
        let point = try #require(document.points.first)
        #expect(point.count == document.columns.count)
        #expect(document.columns.first == "at_ms" && point[0] == Double(Sample.led.atWallMs))
        #expect(try JSONDecoder().decode(HistoryDocument.self, from: JSONEncoder().encode(document)) == document)
    }

    @Test func aHistoryHoldsThePercentilesThatTheReleaseShows() async throws {
        var snapshot = Sample.led
        snapshot.releases[0].canary.latencies = [
            LatencySnapshot(name: "p50", seconds: 0.02),
            LatencySnapshot(name: "p99", seconds: 0.25, lowSeconds: nil, highSeconds: 0.5),
        ]
        let (name, book) = (snapshot.releases[0].name, HistoryBook())
        await book.take(snapshot)
        let document = HistoryDocument(await book.history(of: name), release: name)
        #expect(document.percentiles == ["p50", "p99"])
        func value(_ column: String) -> Double?? {
            document.columns.firstIndex(of: column).map { document.points[0][$0] }
        }
        #expect(value("canary_latency_p50_seconds") == 0.02 && value("canary_latency_p99_seconds") == 0.25)
        // An open end below the first bound is 0; bounds that no point has are left out.
        #expect(value("canary_latency_p99_low_seconds") == 0 && value("canary_latency_p99_high_seconds") == 0.5)
        #expect(value("canary_latency_p50_low_seconds") == nil)
    }

    @Test func aHistoryIsDescribedAsItIs() async throws {
        let contract = try APIContract(OpenAPIDocument.bytes)
        let book = HistoryBook()
        await book.take(Sample.led)
        for release in Sample.led.releases {
            let document = HistoryDocument(await book.history(of: release.name), release: release.name)
            #expect(document.routers?.count == release.observations.count)
            let value = try JSONSerialization.jsonObject(with: JSONEncoder().encode(document))
            let schema = try #require(contract.answer("GET /api/v1/releases/{name}/history", status: 200))
            #expect(contract.check.violations(value, schema: schema) == [])
        }
    }

    /// What an older version has kept of an incident.
    @Test func aHistoryWithoutRoutersIsRead() throws {
        let kept = #"{"release":"shop","every_seconds":2,"columns":["at_ms"],"points":[[1]],"marks":[]}"#
        let document = try JSONDecoder().decode(HistoryDocument.self, from: Data(kept.utf8))
        #expect(document.routers == nil && document.percentiles.isEmpty)
    }

    // MARK: Sessions

    private static let token = SecretReference.file("token")
    private static let secret = "correct horse"

    private static func signIn(_ console: LiveConsole) async throws -> String {
        let reply = try await console.post("/api/v1/session", #"{"token":"\#(PageTests.secret)"}"#)
        #expect(reply.status == 204)
        let cookie = try #require(reply.headers["set-cookie"])
        #expect(cookie.hasSuffix("Path=/; HttpOnly; SameSite=Strict") && !cookie.contains(PageTests.secret))
        return String(cookie.prefix { $0 != ";" })
    }

    @Test func aSessionMayDoWhatItsTokenMay() async throws {
        try await LiveConsole.run(token: PageTests.token) { console in
            let cookie = try await PageTests.signIn(console)
            let headers = ["Cookie: other=1; \(cookie)", "X-Rollguard-Page: 1"]
            let session = try await console.get("/api/v1/session", headers: headers).decoded(SessionDocument.self)
            #expect(session.signedIn && session.changes == "token")
            let path = "/api/v1/releases/checkout/rollback"
            #expect(try await console.post(path, #"{"reason":"x"}"#, headers: headers).status == 202)
            #expect(try await console.post("/api/v1/session/end", "", headers: headers).status == 204)
            #expect(try await console.post(path, #"{"reason":"x"}"#, headers: headers).status == 401)
        }
    }

    @Test(arguments: [
        ([], 401), (["X-Rollguard-Page: 1", "Origin: http://example.net"], 403), (["Sec-Fetch-Site: cross-site"], 401),
    ])
    func theCookieAloneChangesNothing(extra: [String], status: Int) async throws {
        try await LiveConsole.run(token: PageTests.token) { console in
            let headers = ["Cookie: \(try await PageTests.signIn(console))"] + extra
            let reply = try await console.post(
                "/api/v1/releases/checkout/rollback", #"{"reason":"x"}"#, headers: headers)
            #expect(reply.status == status)
            #expect(await console.operations.asked.isEmpty)
        }
    }

    @Test(arguments: [(#"{"token":"wrong"}"#, 403), ("{}", 400), ("", 400), (#"{"token":""}"#, 400)])
    func aWrongTokenBeginsNoSession(body: String, status: Int) async throws {
        try await LiveConsole.run(token: PageTests.token) { console in
            let reply = try await console.post("/api/v1/session", body)
            #expect(reply.status == status, "\(reply.text)")
            #expect(reply.headers["set-cookie"] == nil)
        }
    }

    @Test func withoutATokenThereIsNothingToSignInWith() async throws {
        try await LiveConsole.run { console in
            #expect(try await console.post("/api/v1/session", #"{"token":"x"}"#).status == 409)
            let session = try await console.get("/api/v1/session").decoded(SessionDocument.self)
            #expect(session.changes == "loopback")
        }
    }

    @Test func theOldestSessionMakesRoomForANewOne() {
        let sessions = PageSessions()
        let first = sessions.begin(token: "first")
        let others = (0..<PageSessions.limit).map { sessions.begin(token: "\($0)") }
        #expect(sessions.token(of: first) == nil)
        #expect(others.allSatisfy { sessions.token(of: $0) != nil } && Set(others).count == PageSessions.limit)
        #expect(sessions.token(of: "") == nil)
    }
}

/// What is kept for the plots.
struct ReleaseHistoryTests {
    private static let release = Sample.led.releases[0]
    /// One with a rollout under way.
    private static let rolledOut = Sample.led.releases[1]

    @Test func isBoundedHoweverLongTheDaemonRuns() {
        var history = ReleaseHistory()
        for second in 0..<5_000 {
            var release = ReleaseHistoryTests.release
            release.phase = second % 2 == 0 ? .watching : .held
            history.take(release, atWallMs: Int64(second) * 2_000)
        }
        #expect(history.points.count <= ReleaseHistory.pointLimit * 5 / 4)
        #expect(history.points.count >= ReleaseHistory.pointLimit)
        #expect(history.points.last?.atWallMs == 9_998_000)
        #expect(history.marks.count == ReleaseHistory.markLimit)
    }

    @Test func marksWhatChanges() {
        var history = ReleaseHistory()
        var release = ReleaseHistoryTests.release
        release.phase = .watching
        history.take(release, atWallMs: 1)
        history.take(release, atWallMs: 2)
        #expect(history.marks.isEmpty)
        release.openIncident = "shop-17"
        release.phase = .rollingBack
        history.take(release, atWallMs: 3)
        #expect(history.marks.map(\.kind) == [.phase, .incident])
        #expect(history.marks.map(\.text) == ["rolling back", "shop-17"])
    }

    /// The figures that the documentation names.
    @Test func aReleaseTakesNoMoreMemoryThanTheDocumentationSays() {
        let points = MemoryLayout<HistoryPoint>.stride * (ReleaseHistory.pointLimit * 5 / 4)
        let changes =
            MemoryLayout<RouterHistory.Change>.stride * RouterHistory.changeLimit * RouterHistory.instanceLimit
        #expect(points <= 90_000 && changes <= 34_000, "\(points) and \(changes) bytes")
    }

    @Test func percentilesKeepTheirValuesWhenOthersAreAskedFor() throws {
        var release = ReleaseHistoryTests.release
        var history = ReleaseHistory()
        release.canary.latencies = ["p50", "p90", "p99"].map { LatencySnapshot(name: $0, seconds: 0.5) }
        release.canary.latencies[2].seconds = 2
        history.take(release, atWallMs: 1)
        release.canary.latencies = ["p50", "p99", "p99.9"].map { LatencySnapshot(name: $0, seconds: 4) }
        history.take(release, atWallMs: 2)
        #expect(history.percentiles == ["p50", "p99", "p99.9"])
        let values = history.points.map { point in (0..<3).map { point.canary.latencies[$0]?.value } }
        #expect(values == [[0.5, 2, nil], [4, 4, 4]])
    }

    // MARK: Routers

    private static func led(_ basisPoints: [Int?], from release: ReleaseSnapshot = rolledOut) -> ReleaseSnapshot {
        var release = release
        release.observations = basisPoints.enumerated().map { index, value in
            RouterObservation(instance: "r\(index)", canaryBasisPoints: value, level: .acked)
        }
        return release
    }

    @Test func onlyChangesOfASplitAreKept() {
        var history = ReleaseHistory()
        let step = ReleaseHistoryTests.rolledOut.rollout?.running?.wantedStep
        for (second, split) in ([[0, 0], [0, 0], [1_000, 0], [1_000, nil], [1_000, 1_000]] as [[Int?]]).enumerated() {
            history.take(Self.led(split), atWallMs: Int64(second) * 2_000)
        }
        let changes = history.routers.instances.map { instance in
            instance.changes.map { [Int($0.atWallMs), $0.canaryBasisPoints ?? -1] }
        }
        #expect(changes == [[[0, 0], [4_000, 1_000]], [[0, 0], [6_000, -1], [8_000, 1_000]]])
        #expect(step != nil && history.routers.instances.allSatisfy { $0.changes.allSatisfy { $0.step == step } })
        // A part of it begins with what was so before.
        let part = history.slice(5_000...7_000).routers.instances.map { $0.changes.map(\.atWallMs) }
        #expect(part == [[4_000], [0, 6_000]])
    }

    /// Also where no split follows it.
    @Test func aStepThatIsWantedIsAChange() {
        var release = ReleaseHistoryTests.rolledOut
        var history = ReleaseHistory()
        history.take(Self.led([1_000], from: release), atWallMs: 1)
        release.rollout?.running = nil
        history.take(Self.led([1_000], from: release), atWallMs: 2)
        #expect(history.routers.instances.first?.changes.map { $0.step == nil } == [false, true])
    }

    @Test func routersAreBoundedHoweverOftenTheyChange() {
        var history = ReleaseHistory()
        for second in 0..<500 {
            let split = (0..<100).map { _ in second % 2 == 0 ? 0 : 10_000 }
            history.take(Self.led(split), atWallMs: Int64(second) * 2_000)
        }
        #expect(history.routers.instances.count == RouterHistory.instanceLimit)
        #expect(history.routers.instances.allSatisfy { $0.changes.count == RouterHistory.changeLimit })
        history.take(Self.led([1]), atWallMs: 2_000_000)
        #expect(history.routers.instances.map(\.name) == ["r0"])
    }

    @Test func aClockThatWasSetBackLeavesNoLineThatRunsBackwards() {
        var history = ReleaseHistory()
        for wallMs: Int64 in [1_000, 3_000, 5_000, 2_000, 4_000] {
            history.take(ReleaseHistoryTests.release, atWallMs: wallMs)
        }
        #expect(history.points.map(\.atWallMs) == [1_000, 2_000, 4_000])
    }
}
