import Foundation
import Synchronization
import Testing

/// Targets change under a release that is watched by the daemon that ships.
@Suite(
    "Discovered targets of the running daemon", .serialized,
    .enabled(if: Executable.path != nil, "no executable"), .timeLimit(.minutes(15)))
struct DiscoverySituationTests {
    enum Kind: String, CaseIterable {
        case file, http
    }

    /// Where the list is: a file that is renamed into place, or an endpoint.
    private final class List: Sendable {
        private let kind: Kind
        private let path: String
        private let answer = Mutex(ScriptedWeb.Reply(status: 503))

        init(_ kind: Kind, _ web: ScriptedWeb, _ path: String) {
            (self.kind, self.path) = (kind, path)
            web.route("/sd") { _ in self.answer.withLock { $0 } }
        }

        func show(_ text: String) throws {
            answer.withLock {
                $0 = ScriptedWeb.Reply(headers: [("Content-Type", "application/json")], body: Array(text.utf8))
            }
            try Data(text.utf8).write(to: URL(fileURLWithPath: path), options: .atomic)
        }

        /// An error of the endpoint; a file that a writer has truncated.
        func breakOff() throws {
            answer.withLock { $0 = ScriptedWeb.Reply(status: 500) }
            try Data().write(to: URL(fileURLWithPath: path))
        }
    }

    private static func list(_ address: String, old: [String], new: [String]) -> String {
        func group(_ path: String, _ color: String) -> String {
            #"{"targets": ["\#(address)"], "labels": {"__metrics_path__": "/\#(path)", "color": "\#(color)"}}"#
        }
        return "[" + (old.map { group($0, "old") } + new.map { group($0, "new") }).joined(separator: ",\n") + "]"
    }

    @Test(arguments: Kind.allCases)
    func aListThatChangesResetsNothingAndDecidesNothing(_ kind: Kind) async throws {
        let web = ScriptedWeb()
        let failing = Mutex(0)
        for path in ["/b1", "/b2"] { web.page(path) { Self.service($0, failed: 0) } }
        for path in ["/c1", "/c2", "/c3"] {
            web.page(path) { scrape in
                Self.service(scrape, failed: failing.withLock { $0 == 0 ? 0 : max(0, scrape - $0) })
            }
        }
        let file = FileManager.default.temporaryDirectory.appendingPathComponent("targets-\(UUID().uuidString).json")
        defer { try? FileManager.default.removeItem(at: file) }
        let source =
            kind == .file
            ? #"{kind: file, files: ["\#(file.path)"], refresh: 1s}"#
            : #"{kind: http, url: "http://ADDRESS/sd", refresh: 1s}"#
        let list = List(kind, web, file.path)
        let situation = try await Situation(
            web, indicators: #"{requests: http_requests_total, errors: 'http_requests_total{code=~"5.."}'}"#,
            rules:
                "{alert: Errors, indicator: error_rate, window: 120s, when: canary > 5%, min_requests: 10, action: rollback}",
            baseline: "select: {color: old}", canary: "select: {color: new}",
            release: "discovery: [\(source)]")
        try list.show(Self.list(situation.address, old: ["b1", "b2"], new: ["c1", "c2"]))
        #expect(await eventually { try await requests(situation) ?? 0 > 300 }, "\(situation.daemon.text)")

        // One more: its counts are added to those that are there.
        let before = try await requests(situation) ?? 0
        try list.show(Self.list(situation.address, old: ["b1", "b2"], new: ["c1", "c2", "c3"]))
        #expect(await eventually { web.received("/c3").count >= 5 }, "\(situation.daemon.text)")
        #expect(try await requests(situation) ?? 0 > before)

        // What cannot be read, and what is suddenly empty, removes nothing.
        try list.breakOff()
        #expect(await eventually { try await targets(situation).contains("lastError") }, "\(situation.daemon.text)")
        try list.show("[]")
        #expect(await eventually { try await targets(situation).contains("shrink 3 ->") }, "\(situation.daemon.text)")
        let scraped = web.received("/c1").count
        #expect(await eventually { web.received("/c1").count > scraped + 5 })

        // One less: no request goes there after the cycle that was under way.
        try list.show(Self.list(situation.address, old: ["b1", "b2"], new: ["c1", "c2"]))
        #expect(
            await eventually { try await !targets(situation).contains(#""__metrics_path__":"/c3""#) },
            "\(situation.daemon.text)")
        let (cycles, last) = (try await situation.release().cycles, web.received("/c3").count)
        #expect(await situation.cycles(cycles + 10))
        #expect(web.received("/c3").count <= last + 1)
        #expect(try await requests(situation) ?? 0 > before, "the window was not reset")
        #expect(web.changes.isEmpty, "no verdict came of it: \(situation.daemon.text)")

        // And a version that is bad is taken out.
        failing.withLock { $0 = web.received("/c1").count }
        #expect(await eventually { web.canaryBasisPoints == 0 }, "\(situation.daemon.text)")
        await situation.stop()
    }

    /// A restart while the source cannot be read watches what was watched before.
    @Test func theListSurvivesARestartWithoutTheSource() async throws {
        let web = ScriptedWeb()
        for path in ["/b1", "/c1"] { web.page(path) { Self.service($0, failed: 0) } }
        let isReadable = Mutex(true)
        let body = Mutex("[]")
        web.route("/sd") { _ in
            guard isReadable.withLock({ $0 }) else { return ScriptedWeb.Reply(status: 500) }
            return ScriptedWeb.Reply(
                headers: [("Content-Type", "application/json")], body: Array(body.withLock { $0 }.utf8))
        }
        let situation = try await Situation(
            web, indicators: "{requests: http_requests_total}",
            rules: "{alert: Quiet, indicator: request_rate, window: 2s, when: canary < 0, action: notify}",
            baseline: "select: {color: old}", canary: "select: {color: new}",
            release: #"discovery: [{kind: http, url: "http://ADDRESS/sd", refresh: 1s}]"#)
        body.withLock { $0 = Self.list(situation.address, old: ["b1"], new: ["c1"]) }
        let stored = situation.folder.appendingPathComponent("state/targets/checkout.json")
        #expect(
            await eventually { try String(contentsOf: stored, encoding: .utf8).contains("/c1") },
            "\(situation.daemon.text)")
        isReadable.withLock { $0 = false }
        await situation.daemon.kill9()
        let scraped = web.received("/c1").count
        let path = situation.folder.appendingPathComponent("rollguard.yaml").path
        let next = try Executable(["run", "--config", path], folder: situation.folder)
        #expect(await eventually { web.received("/c1").count > scraped + 3 }, "\(next.text)")
        await next.kill9()
        await situation.stop()
    }

    /// 20 requests per scrape.
    private static func service(_ scrape: Int, failed: Int) -> String {
        """
        http_requests_total{code="200"} \(100_000 + (scrape - failed) * 20)
        http_requests_total{code="500"} \(1_000 + failed * 20)

        """
    }

    /// What the rule's window has of both pools together; nil while it was not evaluated.
    private func requests(_ situation: Situation) async throws -> Double? {
        guard let rule = try await situation.release().rules.first else { return nil }
        guard let baseline = rule.baseline?.requests, let canary = rule.canary?.requests else { return nil }
        return baseline + canary
    }

    private func targets(_ situation: Situation) async throws -> String { try await situation.get("/api/v1/targets") }
}
