import Crypto
import Foundation
import Model
import Ports
import Testing

@testable import Notifications

private func receiver(
    _ kind: ReceiverPlan.Kind, _ transport: ScriptedTransport, secret: SecretReference? = nil,
    url: String = "http://hooks.example/x", store: FixedSecret = FixedSecret(text: "key")
) -> any Receiver {
    ReceiverKinds.receiver(
        ReceiverPlan(name: "oncall", kind: kind, url: url, secret: secret, headers: [TextPair("X-Team", "shop")]),
        ReceiverSetup(
            transport: transport, secrets: store, externalURL: "http://rollguard.example",
            clock: { 1_700_000_007_900 }))
}

private func delivery(_ event: Model.Notification.Event = .rollbackIntended, attempt: Int = 1) -> Delivery {
    Delivery(id: "ab12cd34-2-oncall", receiver: "oncall", notification: .sample(event), attempt: attempt)
}

@Suite("Receivers")
struct ReceiverTests {
    @Test func theWebhookSaysEverythingThatIsKnown() async throws {
        let transport = ScriptedTransport([.status(200)])
        #expect(await receiver(.webhook, transport).deliver(delivery()) == .delivered)
        let request = try #require(transport.requests.first)
        let body = try json(request.body)
        #expect(request.method == "POST" && request.url == "http://hooks.example/x")
        #expect(body["version"] as? Int == 1)
        #expect(body["delivery_id"] as? String == "ab12cd34-2-oncall")
        #expect(body["event"] as? String == "rollback_intended")
        #expect(body["url"] as? String == "http://rollguard.example/api/v1/incidents/checkout-2")
        #expect(body["at"] as? String == "2023-11-14T22:13:20.123Z")
        #expect((body["split_before"] as? [String: Any])?["canary_percent"] as? Double == 10.5)
        let alert = try #require(body["alert"] as? [String: Any])
        #expect(alert["verdict"] as? String == "breached")
        let canary = try #require(alert["canary"] as? [String: Any])
        #expect(canary["value"] is NSNull)
        #expect(canary["requests"] as? Double == 100)
    }

    private struct UnknownSettings: ReceiverSettings {
        static let kind = "carrier-pigeon"
    }

    @Test func aKindThatTheProgramDoesNotHaveRefusesWhatIsSentToIt() async {
        let outcome = await receiver(ReceiverPlan.Kind(UnknownSettings()), ScriptedTransport([])).deliver(delivery())
        #expect(outcome == .refused(reason: "receivers of the kind carrier-pigeon are not known"))
    }

    /// An empty document instead would be delivered, acknowledged, and lost.
    @Test func aDocumentThatJSONCannotHoldIsRefusedAndNotSent() async {
        let transport = ScriptedTransport([.status(200)])
        let post = JSONDelivery(
            plan: ReceiverPlan(name: "oncall", kind: .webhook, url: "http://hooks.example/x"), transport: transport,
            secrets: FixedSecret(text: nil))
        let outcome = await post.send(["rate": Double.infinity])
        guard case .refused(let reason) = outcome else {
            Issue.record("expected a refusal, got \(outcome)")
            return
        }
        #expect(reason.hasPrefix("the notification could not be encoded as JSON: "))
        #expect(transport.requests.isEmpty)
    }

    @Test func membersWithoutAValueAreNullAndNotMissing() async throws {
        let transport = ScriptedTransport([.status(204)])
        var notification = Model.Notification.sample()
        (notification.alert, notification.splitBefore, notification.incident) = (nil, nil, nil)
        let bare = Delivery(id: "x", receiver: "oncall", notification: notification)
        #expect(await receiver(.webhook, transport).deliver(bare) == .delivered)
        let body = try json(transport.requests.first?.body)
        #expect(body["url"] as? String == "http://rollguard.example/api/v1/status")
        for name in ["alert", "split_before", "incident"] { #expect(body[name] is NSNull, "\(name)") }
    }

    /// Every try has the same body, so that a receiver may compare; only the headers say which attempt it is.
    @Test func everyTryHasTheSameBodyAndItsOwnHeaders() async throws {
        let transport = ScriptedTransport([.status(503), .status(200)])
        let oncall = receiver(.webhook, transport)
        _ = await oncall.deliver(delivery(attempt: 1))
        _ = await oncall.deliver(delivery(attempt: 2))
        let requests = transport.requests
        #expect(requests[0].body == requests[1].body)
        func header(_ index: Int, _ name: String) -> String? {
            requests[index].headers.first { $0.name == name }?.value
        }
        #expect(header(1, "Rollguard-Attempt") == "2")
        #expect(header(0, "Rollguard-Delivery") == "ab12cd34-2-oncall")
        #expect(header(0, "Rollguard-Delivery") == header(1, "Rollguard-Delivery"))
        #expect(header(0, "X-Team") == "shop" && header(0, "Content-Type") == "application/json")
        #expect(header(0, "Rollguard-Signature") == nil)
    }

    @Test func theSignatureIsAnHMACOverTimestampAndBody() async throws {
        let transport = ScriptedTransport([.status(200)])
        _ = await receiver(.webhook, transport, secret: .file("/run/key")).deliver(delivery())
        let request = try #require(transport.requests.first)
        func header(_ name: String) -> String? { request.headers.first { $0.name == name }?.value }
        #expect(header("Rollguard-Timestamp") == "1700000007")
        let signed = Array("1700000007.".utf8) + (request.body ?? [])
        let code = HMAC<SHA256>.authenticationCode(for: signed, using: SymmetricKey(data: Array("key".utf8)))
        #expect(header("Rollguard-Signature") == "v1=" + code.map { String(format: "%02x", $0) }.joined())
    }

    /// RFC 4231, test case 2.
    @Test func theSignatureMatchesAPublishedVector() {
        // Our message is "timestamp.body"; the published one has no dot, so the check is on the code itself.
        let code = HMAC<SHA256>.authenticationCode(
            for: Array("what do ya want for nothing?".utf8), using: SymmetricKey(data: Array("Jefe".utf8)))
        #expect(
            code.map { String(format: "%02x", $0) }.joined()
                == "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843")
        let ours = Signature.headers(body: Array("b".utf8), secret: "k", wallMs: 1_999)
        #expect(ours.map(\.name) == ["Rollguard-Timestamp", "Rollguard-Signature"] && ours[0].value == "1")
    }

    @Test func aSecretThatCannotBeReadIsTriedAgainAndNotShown() async {
        let transport = ScriptedTransport([.status(200)])
        let oncall = receiver(.webhook, transport, secret: .file("/run/key"), store: FixedSecret(text: nil))
        let outcome = await oncall.deliver(delivery())
        guard case .retry(let reason, _) = outcome else { return #expect(Bool(false), "\(outcome)") }
        #expect(reason.contains("/run/key"))
        #expect(transport.requests.isEmpty)
    }

    @Test(arguments: [
        (200, "delivered"), (204, "delivered"), (301, "refused"), (400, "refused"), (401, "refused"), (404, "refused"),
        (410, "refused"), (408, "retry"), (425, "retry"), (429, "retry"), (500, "retry"), (503, "retry"),
        (599, "retry"),
    ])
    func statusesAreSorted(_ status: Int, _ word: String) async {
        let outcome = await receiver(.webhook, ScriptedTransport([.status(status)])).deliver(delivery())
        switch outcome {
        case .delivered: #expect(word == "delivered")
        case .retry: #expect(word == "retry")
        case .refused(let reason): #expect(word == "refused" && reason.contains("\(status)"))
        }
    }

    @Test(arguments: [("7", 7_000), ("99999999", 3_600_000), ("Wed, 21 Oct 2015 07:28:00 GMT", nil), ("-1", nil)])
    func aReceiversOwnWishIsHeard(_ text: String, _ ms: Int64?) async {
        let transport = ScriptedTransport([.status(429, headers: [TextPair("retry-after", text)])])
        let outcome = await receiver(.webhook, transport).deliver(delivery())
        #expect(outcome == .retry(reason: "it answered with status 429", afterMs: ms))
    }

    @Test func networkErrorsAreTriedAgain() async {
        let transport = ScriptedTransport([.error(.tls(address: "https://x", reason: "expired"))])
        guard case .retry = await receiver(.webhook, transport).deliver(delivery()) else {
            return #expect(Bool(false), "not tried again")
        }
    }

    @Test func alertmanagerGetsAnAlertThatEndsWhenWeSaySo() async throws {
        let transport = ScriptedTransport([.status(200)])
        let manager = receiver(.alertmanager, transport, url: "http://am:9093/")
        _ = await manager.deliver(delivery(.alertFiring))
        _ = await manager.deliver(delivery(.alertResolved))
        _ = await manager.deliver(delivery(.rollbackAcknowledged))
        let bodies = try transport.requests.map {
            try JSONSerialization.jsonObject(with: Data($0.body ?? [])) as? [[String: Any]] ?? []
        }
        #expect(transport.requests[0].url == "http://am:9093/api/v2/alerts")
        let labels = try #require(bodies[0][0]["labels"] as? [String: String])
        #expect(
            labels["alertname"] == "CanaryErrorRate" && labels["severity"] == "page" && labels["release"] == "checkout")
        // Four minutes after it was posted, at 22:13:27.9: until then it is posted again.
        #expect(bodies[0][0]["endsAt"] as? String == "2023-11-14T22:17:27.900Z")
        #expect(bodies[1][0]["endsAt"] as? String == "2023-11-14T22:13:20.123Z")
        #expect(bodies[1][0]["labels"] as? [String: String] == labels)
        #expect(
            bodies[2].compactMap { ($0["labels"] as? [String: String])?["alertname"] }
                == ["RollguardRollback", "RollguardRollbackAbandoned"])
    }

    @Test func theOtherWebhookHasAlertmanagersShape() async throws {
        let transport = ScriptedTransport([.status(200)])
        _ = await receiver(.alertmanagerWebhook, transport).deliver(delivery(.alertFiring))
        let body = try json(transport.requests.first?.body)
        #expect(
            Set(body.keys) == [
                "receiver", "status", "alerts", "groupLabels", "commonLabels", "commonAnnotations", "externalURL",
                "version", "groupKey", "truncatedAlerts",
            ])
        #expect(body["version"] as? String == "4" && body["status"] as? String == "firing")
        let alert = try #require((body["alerts"] as? [[String: Any]])?.first)
        #expect(alert["endsAt"] as? String == "0001-01-01T00:00:00Z")
        #expect((alert["fingerprint"] as? String)?.count == 16)
    }

    /// Of an empty set it is the hash's offset; of others, what Prometheus prints.
    @Test func fingerprintsAreThoseOfPrometheus() {
        #expect(Fingerprint.of([:]) == "cbf29ce484222325")
        #expect(Fingerprint.of(["a": "b", "c": "d"]) == Fingerprint.of(["c": "d", "a": "b"]))
        #expect(Fingerprint.of(["ab": "c"]) != Fingerprint.of(["a": "bc"]))
    }
}
