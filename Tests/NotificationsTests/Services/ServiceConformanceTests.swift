import Declarations
import Foundation
import Model
import Ports
import Testing

@testable import Notifications

/// What every service's kind has to do, whichever service it is.
@Suite("Conformance of services")
struct ServiceConformanceTests {
    typealias Event = Model.Notification.Event

    private static let key = "a-key-that-no-one-may-see"

    private static func receiver(
        _ sample: ServiceSample, _ transport: ScriptedTransport, nowWallMs: Int64 = 1_700_000_007_900,
        store: any SecretStore = FixedSecret(text: key)
    ) -> any Receiver {
        let plan = ReceiverPlan(
            name: "oncall", kind: sample.kind, url: sample.url, secret: sample.isSigned ? .file("/run/sign") : nil)
        return ReceiverKinds.receiver(
            plan,
            ReceiverSetup(
                transport: transport, secrets: store, externalURL: "http://rollguard.example", clock: { nowWallMs }))
    }

    private static func delivery(
        _ event: Event = .rollbackAbandoned, _ change: (inout Model.Notification) -> Void = { _ in }
    ) -> Delivery {
        var notification = Model.Notification.sample(event)
        change(&notification)
        return Delivery(id: "ab12cd34-2-oncall", receiver: "oncall", notification: notification)
    }

    private static func meaning(_ outcome: DeliveryOutcome) -> RecordedAnswer.Meaning {
        switch outcome {
        case .delivered: .delivered
        case .refused: .refused
        case .retry(let reason, let wish): reason.contains("not valid any more") ? .gone : .retry(afterMs: wish)
        }
    }

    // MARK: Answers

    @Test(arguments: ServiceSample.all) func answersMeanWhatTheServiceDocuments(_ sample: ServiceSample) async {
        for recorded in [sample.success] + sample.answers {
            let outcome = await Self.receiver(sample, ScriptedTransport([recorded.answer])).deliver(Self.delivery())
            #expect(Self.meaning(outcome) == recorded.meaning, "\(recorded): \(outcome)")
        }
    }

    /// The answer of a proxy, an empty body, a cut body: where the body decides, none of them is a success.
    @Test(arguments: ServiceSample.all, ["", "<html>login</html>", #"{"ok":"#, "[]", "0"])
    func aBodyThatIsNotTheServicesOwnIsNoSuccess(_ sample: ServiceSample, _ body: String) async {
        let transport = ScriptedTransport([.status(200, body: body)])
        let outcome = await Self.receiver(sample, transport).deliver(Self.delivery())
        #expect(Self.meaning(outcome) == (sample.judgesByStatus ? .delivered : .retry(afterMs: nil)), "\(outcome)")
    }

    @Test(arguments: ServiceSample.all) func whatMayPassIsTriedAgain(_ sample: ServiceSample) async {
        let answers: [ScriptedTransport.Answer] = [
            .status(408), .status(500), .status(503), .error(.broken(address: "x", reason: "reset")),
            .error(.timedOut(address: "x", afterMs: 1)), .error(.tls(address: "x", reason: "expired")),
        ]
        for answer in answers {
            let outcome = await Self.receiver(sample, ScriptedTransport([answer])).deliver(Self.delivery())
            guard case .retry = outcome else {
                Issue.record("\(answer): \(outcome)")
                continue
            }
        }
    }

    /// A service may ask for a pause, but not for one of years.
    @Test(arguments: ServiceSample.all, ["99999999", "1e300", "nan", "-5"])
    func aWishToWaitIsBounded(_ sample: ServiceSample, _ seconds: String) async {
        let transport = ScriptedTransport([
            .status(
                429, headers: [TextPair("Retry-After", seconds)],
                body: #"{"ok":false,"error_code":429,"retry_after":1e300,"parameters":{"retry_after":-1}}"#)
        ])
        guard case .retry(_, let wish) = await Self.receiver(sample, transport).deliver(Self.delivery()) else {
            Issue.record("it was not tried again")
            return
        }
        #expect((0...3_600_000).contains(wish ?? 0))
    }

    @Test(arguments: ServiceSample.all) func anAddressThatIsGoneKeepsTheMessage(_ sample: ServiceSample) async {
        for recorded in sample.answers where recorded.meaning == .gone {
            let outcome = await Self.receiver(sample, ScriptedTransport([recorded.answer])).deliver(Self.delivery())
            guard case .retry(_, 3_600_000) = outcome else {
                Issue.record("\(recorded): \(outcome)")
                continue
            }
        }
    }

    // MARK: Messages

    @Test(arguments: ServiceSample.all, Event.allCases)
    func everyEventIsTakenAndSaysWhatItIsAbout(_ sample: ServiceSample, _ event: Event) async throws {
        let transport = ScriptedTransport([sample.success.answer])
        #expect(await Self.receiver(sample, transport).deliver(Self.delivery(event)) == .delivered)
        for request in transport.requests { #expect(!(request.body ?? []).isEmpty) }
        guard let body = transport.requests.first?.body else { return }
        let text = String(decoding: body, as: UTF8.self)
        #expect(text.contains("checkout") || text.contains("resolve") || text.contains("source"), "\(text)")
    }

    @Test(arguments: ServiceSample.all) func everyTryMakesTheSameCalls(_ sample: ServiceSample) async {
        let transport = ScriptedTransport([.status(503), sample.success.answer])
        let receiver = Self.receiver(sample, transport)
        _ = await receiver.deliver(Self.delivery())
        _ = await receiver.deliver(Self.delivery())
        let requests = transport.requests
        #expect(requests.count == 2)
        #expect(requests[0].body == requests[1].body && requests[0].url == requests[1].url)
    }

    /// The parts of the texts are bounded, in bytes and with characters of four bytes at the cut.
    @Test(arguments: ServiceSample.all, ["x", "灰", "😀", "<", "@", "\"", "\\", "\u{301}"])
    func noTextIsTooLong(_ sample: ServiceSample, _ letter: String) async throws {
        let long = String(repeating: letter, count: 100_000)
        let transport = ScriptedTransport([sample.success.answer])
        let delivery = Self.delivery(.rollbackAbandoned) { notification in
            (notification.summary, notification.release, notification.canaryVersion) = (long, long, long)
            notification.alert?.rule = long
            notification.alert?.evidence.condition = long
            notification.alert?.annotations = [TextPair("runbook", long)]
            notification.timeline = (0..<500).map { .init(atWallMs: $0, step: long, detail: long) }
        }
        #expect(await Self.receiver(sample, transport).deliver(delivery) == .delivered)
        let body = try #require(transport.requests.first?.body)
        #expect(body.count <= sample.limitBytes, "\(body.count) bytes")
        #expect(String(validating: body, as: UTF8.self) != nil)
    }

    @Test(arguments: ServiceSample.all) func foreignTextMentionsNoOne(_ sample: ServiceSample) async throws {
        let hostile = ServiceSample.marks.joined(separator: " ") + " \r\nBcc: x@example.org"
        let transport = ScriptedTransport([sample.success.answer])
        let delivery = Self.delivery(.rollbackAbandoned) { notification in
            (notification.summary, notification.canaryVersion) = (hostile, hostile)
            notification.alert?.rule = hostile
            notification.alert?.annotations = [TextPair("runbook", hostile)]
        }
        #expect(await Self.receiver(sample, transport).deliver(delivery) == .delivered)
        let body = String(decoding: transport.requests.first?.body ?? [], as: UTF8.self)
        for text in sample.refused { #expect(!body.contains(text), "\(text) in \(body)") }
        #expect(!body.contains("\r\nBcc") && !body.contains(#"\r\nBcc"#) || body.contains(#"\\r\\nBcc"#))
    }

    // MARK: Secrets

    @Test(arguments: ServiceSample.all) func aSecretThatCannotBeReadIsTriedAgain(_ sample: ServiceSample) async {
        let transport = ScriptedTransport([sample.success.answer])
        let needsSecret = sample.isSigned || sample.kind.settings is any HoldsSecrets
        let outcome = await Self.receiver(sample, transport, store: FixedSecret(text: nil)).deliver(Self.delivery())
        if case .retry = outcome {} else { #expect(!needsSecret && outcome == .delivered, "\(outcome)") }
        #expect(transport.requests.isEmpty == needsSecret)
    }

    /// The answer may repeat what was sent; masking that is the business of the daemon's secret store. What the kind itself
    /// says has neither the address nor the key.
    @Test(arguments: ServiceSample.all) func noOutcomeShowsTheAddressOrTheKey(_ sample: ServiceSample) async {
        for recorded in sample.answers {
            let outcome = await Self.receiver(sample, ScriptedTransport([recorded.answer])).deliver(Self.delivery())
            #expect(!"\(outcome)".contains("a-secret-path") && !"\(outcome)".contains(Self.key))
        }
    }

    // MARK: Incidents of pagers

    /// The end has the key of the beginning, whatever happened in between and at whatever receiver.
    @Test(arguments: ServiceSample.all.filter { ["pagerduty", "opsgenie", "splunk_oncall"].contains($0.kind.name) })
    func theEndHasTheKeyOfTheBeginning(_ sample: ServiceSample) async throws {
        for (begin, end) in [
            (Event.rollbackIntended, Event.rollbackAcknowledged), (.rollbackAbandoned, .rearmed),
            (.alertFiring, .alertResolved), (.routerUnusable, .routerRecovered), (.rolloutHalted, .rolloutUnhalted),
            (.targetsUnusable, .targetsRecovered), (.wayBackClosed, .wayBackOpened),
            (.schemaBreached, .schemaBreachEnded),
            (.groupHeld, .groupEnded), (.groupIncomplete, .groupEnded),
            (.gateAsked, .gateAnswered), (.gateAsked, .gateLapsed),
        ] {
            let transport = ScriptedTransport([sample.success.answer])
            let receiver = Self.receiver(sample, transport)
            _ = await receiver.deliver(Self.delivery(begin))
            _ = await receiver.deliver(Self.delivery(end))
            let keys = try transport.requests.map(Self.key)
            #expect(keys.count == 2 && Set(keys).count == 1, "\(begin) and \(end): \(keys)")
            #expect(keys.allSatisfy { $0.hasPrefix("ab12cd34/") })
        }
    }

    private static func key(_ request: HTTPRequest) throws -> String {
        let body = try json(request.body)
        if let key = (body["dedup_key"] ?? body["alias"] ?? body["entity_id"]) as? String { return key }
        let parts = request.url.split(separator: "/")
        return parts[parts.count - 2].removingPercentEncoding ?? ""
    }
}
