import Foundation
import Testing

/// Situations around a decision, lived through by the daemon that ships.
@Suite(
    "Decisions of the running daemon", .enabled(if: Executable.path != nil, "no executable"), .timeLimit(.minutes(15)))
struct DecisionSituationTests {
    private static let indicators = #"{requests: http_requests_total, errors: 'http_requests_total{code=~"5.."}'}"#
    private static let quick = "rollback: {observe_every: 200ms}\n    proof: {below: 2/s}"

    private static func rule(_ condition: String, action: String = "rollback", name: String = "Errors") -> String {
        "{alert: \(name), indicator: error_rate, window: 2s, when: \(condition), min_requests: 10, action: \(action)}"
    }

    /// 20 requests per scrape, of which `failing` in 100 fail.
    private static func service(_ failing: Int) -> @Sendable (Int) -> String {
        { scrape in
            """
            http_requests_total{code="200"} \(100_000 + scrape * 20 * (100 - failing) / 100)
            http_requests_total{code="500"} \(1_000 + scrape * 20 * failing / 100)

            """
        }
    }

    /// The absolute rule must hold, because the baseline breaches it as well; the relative one must not.
    @Test(arguments: [true, false])
    func aRuleThatMustHoldDoesNotKeepAnotherFromActing(isAbsoluteFirst: Bool) async throws {
        let web = ScriptedWeb()
        web.page("/b", Self.service(10))
        web.page("/c", Self.service(50))
        let (absolute, relative) = (
            Self.rule("canary > 5%", name: "Absolute"), Self.rule("canary > 2 * baseline", name: "Relative")
        )
        let rules = isAbsoluteFirst ? [absolute, relative] : [relative, absolute]
        let situation = try await Situation(
            web, indicators: Self.indicators, rules: rules.joined(separator: "\n          - "))
        let isOut = await eventually { web.canaryBasisPoints == 0 }
        #expect(isOut, "\(situation.daemon.text)")
        await situation.stop()
    }

    /// One canary instance has no traffic and answers; the other cannot be scraped. That is no silence.
    @Test func anInstanceThatCannotBeScrapedProvesNothing() async throws {
        let web = ScriptedWeb()
        web.page("/b", Self.service(0))
        web.page("/c1") { _ in "http_requests_total{code=\"200\"} 500\nhttp_requests_total{code=\"500\"} 3\n" }
        let busy = Self.service(50)
        web.route("/c2") { request in
            web.canaryBasisPoints == 0 ? ScriptedWeb.Reply(status: 500) : .page(busy(request.number))
        }
        let situation = try await Situation(
            web, indicators: Self.indicators, rules: Self.rule("canary > 10%"),
            canary:
                #"targets: [{address: "http://ADDRESS/c1", instance: c1}, {address: "http://ADDRESS/c2", instance: c2}]"#,
            release: Self.quick)
        #expect(await eventually { web.canaryBasisPoints == 0 }, "\(situation.daemon.text)")
        let cycles = try await situation.release().cycles
        #expect(await situation.cycles(cycles + 30))
        let shown = try await situation.incident()
        #expect(shown.contains("intended") && !shown.contains(#""proven""#), "\(shown)")
        await situation.stop()
    }

    /// For some time the canary cannot be scraped, for longer than the window. It has served all the while.
    @Test func aGapIsNotAFallInTraffic() async throws {
        let web = ScriptedWeb()
        web.page("/b", Self.service(0))
        let page = Self.service(0)
        web.route("/c") { request in
            (20..<40).contains(request.number) ? ScriptedWeb.Reply(status: 503) : .page(page(request.number))
        }
        let situation = try await Situation(
            web, indicators: Self.indicators,
            rules: "{alert: Quiet, indicator: request_rate, window: 2s, "
                + "when: canary < 50% * baseline and not baseline < 1/s, min_requests: 10, action: rollback}")
        #expect(await situation.cycles(60), "\(situation.daemon.text)")
        #expect(web.changes == [], "\(situation.daemon.text)")
        await situation.stop()
    }

    // MARK: receivers

    /// The first tries fail; by the time the receiver is back the alert is over.
    @Test func aReceiverHearsInOrderWhatItMissed() async throws {
        let web = ScriptedWeb()
        web.page("/b", Self.service(0))
        web.page("/c") { scrape in
            let failed = min(scrape, 30) * 10
            return "http_requests_total{code=\"200\"} \(20 * scrape)\nhttp_requests_total{code=\"500\"} \(failed)\n"
        }
        web.route("/hook") { ScriptedWeb.Reply(status: $0.number < 3 ? 503 : 200) }
        let situation = try await Situation(
            web, indicators: Self.indicators, rules: Self.rule("canary > 10%", action: "notify"),
            top: #"receivers: [{name: oncall, kind: webhook, url: "http://ADDRESS/hook", retry: {min: 3s, max: 3s}}]"#)
        let isResolved = await eventually {
            web.received("/hook").contains { $0.headers["rollguard-event"] == "alert_resolved" }
        }
        #expect(isResolved, "\(situation.daemon.text)")
        var events = web.received("/hook").dropFirst(3).compactMap { $0.headers["rollguard-event"] }
        events = events.filter { $0.hasPrefix("alert_") }
        #expect(events == ["alert_firing", "alert_resolved"], "\(events)")
        await situation.stop()
    }

    /// A chat's incoming webhook takes a text and refuses everything else.
    @Test func aChatIsNotified() async throws {
        let web = ScriptedWeb()
        web.page("/b", Self.service(0))
        web.page("/c", Self.service(50))
        web.route("/chat") { request in
            struct Message: Decodable { let text: String }
            let message = try? JSONDecoder().decode(Message.self, from: Data(request.body))
            return ScriptedWeb.Reply(status: message?.text.isEmpty == false ? 200 : 400)
        }
        let situation = try await Situation(
            web, indicators: Self.indicators, rules: Self.rule("canary > 10%", action: "notify"),
            top: #"receivers: [{name: chat, kind: slack, url: "http://ADDRESS/chat"}]"#)
        let isNotified = await eventually { !web.received("/chat").isEmpty }
        #expect(isNotified, "\(situation.daemon.text)")
        let body = String(decoding: web.received("/chat").first?.body ?? [], as: UTF8.self)
        #expect(body.contains("Errors") && body.contains("text"), "\(body)")
        await situation.stop()
    }

    /// What a receiver says may repeat the token that it was sent.
    @Test func aSecretThatAReceiverRepeatsIsShownNowhere() async throws {
        let web = ScriptedWeb()
        web.page("/b", Self.service(0))
        web.page("/c", Self.service(50))
        web.route("/hook") { request in
            ScriptedWeb.Reply(
                status: 403, body: Array("invalid credential: \(request.headers["authorization"] ?? "")".utf8))
        }
        let situation = try await Situation(
            web, indicators: Self.indicators, rules: Self.rule("canary > 10%", action: "notify"),
            top: #"receivers: [{name: oncall, kind: webhook, url: "http://ADDRESS/hook", auth: {bearer_env: HOOK}}]"#,
            environment: ["HOOK": "hook-secret-token-1"])
        #expect(await eventually { !web.received("/hook").isEmpty }, "\(situation.daemon.text)")
        let cycles = try await situation.release().cycles
        #expect(await situation.cycles(cycles + 10))
        let shown = try await situation.everythingShown()
        #expect(!shown.contains("hook-secret"), "\(shown)")
        let journal = situation.folder.appendingPathComponent("state/journal.sqlite")
        for suffix in ["", "-wal"] {
            let bytes = try? Data(contentsOf: URL(fileURLWithPath: journal.path + suffix))
            #expect(bytes?.range(of: Data("hook-secret".utf8)) == nil)
        }
        await situation.stop()
    }

    /// Text in a scrape body forges no line of the log.
    @Test func textOfABodyForgesNoLine() async throws {
        let web = ScriptedWeb()
        web.page("/b", Self.service(0))
        web.page("/c") { _ in "x{a=\"b\nINFO rollguard: all is well\u{1B}[2K\"} nonsense \u{202E}\n" }
        let situation = try await Situation(web, indicators: Self.indicators, rules: Self.rule("canary > 10%"))
        #expect(await situation.cycles(5), "\(situation.daemon.text)")
        let log = situation.daemon.text
        #expect(!log.contains("\nINFO rollguard: all is well"), "\(log)")
        #expect(!log.contains("\u{1B}") && !log.contains("\u{202E}"), "\(log)")
        await situation.stop()
    }
}
