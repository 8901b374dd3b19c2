import HTTPClient
import Model
import Ports
import Testing

@testable import Notifications

/// Every kind that calls a server over HTTP, against a real server that misbehaves, through the transport that ships.
@Suite("Receivers against servers that misbehave")
struct MisbehavingServerTests {
    /// A kind, and whether its services say success in the body.
    struct Kind: Sendable, CustomTestStringConvertible {
        let kind: ReceiverPlan.Kind
        let isSigned: Bool
        /// A body of 200 that says that the message was not taken; nil where only the status counts.
        let failure: String?

        var testDescription: String { kind.name }
    }

    static let kinds =
        ServiceSample.all.map { sample in
            let failures = sample.answers.filter { $0.status == 200 && $0.meaning != .delivered }
            return Kind(kind: sample.kind, isSigned: sample.isSigned, failure: failures.first?.body)
        }
        + [WebhookKind.kind, AlertmanagerKind.kind, AlertmanagerWebhookKind.kind, CloudEventsKind.kind].map {
            Kind(kind: $0, isSigned: false, failure: nil)
        }

    private static func outcome(
        _ kind: Kind, _ server: MisbehavingServer, timeoutMs: Int64
    ) async -> DeliveryOutcome {
        let secrets = FixedSecret(text: "a-key")
        let transport = CurlTransport(userAgent: "Rollguard/test", secrets: secrets)
        let plan = ReceiverPlan(
            name: "oncall", kind: kind.kind, url: server.url + "/hooks/x",
            secret: kind.isSigned ? .file("/run/sign") : nil, timeoutMs: timeoutMs)
        let receiver = ReceiverKinds.receiver(
            plan,
            ReceiverSetup(
                transport: transport, secrets: secrets, externalURL: "http://rollguard.example",
                clock: { 1_700_000_007_900 }))
        let outcome = await receiver.deliver(
            Delivery(id: "ab12cd34-2-oncall", receiver: "oncall", notification: .sample(.rollbackAbandoned)))
        await transport.shutdown()
        return outcome
    }

    @Test(arguments: kinds, Misbehaviour.allCases)
    func whatMisbehavesIsTriedAgainAndCostsLittle(_ kind: Kind, _ misbehaviour: Misbehaviour) async {
        let server = MisbehavingServer(misbehaviour)
        defer { server.stop() }
        let outcome = await Self.outcome(kind, server, timeoutMs: misbehaviour.timeoutMs)
        #expect(server.requestCount == 1, "one call, and no redirect is followed")
        switch (misbehaviour, outcome) {
        // Where the status is enough, the head has said it.
        case (.cutsItsBody, .delivered), (.sendsWithoutEnd, .delivered): #expect(kind.judgesByStatus)
        case (.redirects, .refused): break
        case (.asksForAPause, .retry(_, let wish)): #expect((1_000...3_600_000).contains(wish ?? 0), "\(outcome)")
        case (.redirects, .retry), (_, .retry): break
        default: Issue.record("\(outcome)")
        }
        #expect(server.sentBytes < 64 << 20, "\(server.sentBytes) bytes were taken")
    }

    @Test(arguments: kinds.filter { $0.failure != nil })
    func aFailureInTheBodyOfA200IsNoSuccess(_ kind: Kind) async {
        let server = MisbehavingServer(body: kind.failure ?? "")
        defer { server.stop() }
        let outcome = await Self.outcome(kind, server, timeoutMs: 20_000)
        #expect(outcome != .delivered)
    }
}

extension MisbehavingServerTests.Kind {
    /// A cut or endless body changes nothing about what the status says.
    fileprivate var judgesByStatus: Bool {
        ServiceSample.all.first { $0.kind == kind }?.judgesByStatus ?? true
    }
}
