import Foundation
import Model
import Ports
import Synchronization
import Testing

@testable import Notifications

/// Keeps what is published, and answers as it is asked to.
private final class ScriptedBrokers: BrokerTransport {
    let outcome: BrokerOutcome
    private let kept = Mutex<[(BrokerMessage, BrokerAddress)]>([])

    init(_ outcome: BrokerOutcome = .stored(isDuplicate: false)) { self.outcome = outcome }

    var published: [(message: BrokerMessage, broker: BrokerAddress)] { kept.withLock { $0.map { ($0.0, $0.1) } } }

    func publish(_ message: BrokerMessage, at broker: BrokerAddress) async -> BrokerOutcome {
        kept.withLock { $0.append((message, broker)) }
        return outcome
    }

    func ask(_ subject: String, _ body: [UInt8], at broker: BrokerAddress) async -> BrokerAnswer { .failed("") }
}

private func setup(_ brokers: (any BrokerTransport)?, _ transport: ScriptedTransport = ScriptedTransport([]))
    -> ReceiverSetup
{
    ReceiverSetup(
        transport: transport, secrets: FixedSecret(text: "x"), brokers: brokers,
        externalURL: "https://rollguard.example", clock: { 0 })
}

private let planEvent = PlanEvent(
    id: "checkout-17/announce", release: "checkout", incident: "checkout-17", step: "announce", baselineVersion: "v1",
    canaryVersion: "v2", atWallMs: 1_700_000_000_000)

@Suite("Receivers that are brokers")
struct BrokerReceiverTests {
    private static let address = BrokerAddress(scheme: .nats, host: "b", port: 4_222)
    private static let security = ClientSecurity(authorization: .bearer(.file("/p")))

    private static func plan(_ settings: some ReceiverSettings) -> ReceiverPlan {
        ReceiverPlan(name: "bus", kind: ReceiverPlan.Kind(settings), url: "", security: security, timeoutMs: 1_234)
    }

    private static func delivery(_ release: String = "checkout") -> Delivery {
        var notification = Model.Notification.sample(.rollbackIntended)
        notification.release = release
        return Delivery(id: "ab12cd34-2-bus", receiver: "bus", notification: notification)
    }

    private static func places(_ settings: some ReceiverSettings, _ release: String) async -> BrokerMessage.Place? {
        let brokers = ScriptedBrokers()
        let receiver = ReceiverKinds.receiver(plan(settings), setup(brokers))
        _ = await receiver.deliver(delivery(release))
        return brokers.published.first?.message.place
    }

    @Test func anEventHasItsIdItsTypeAndItsSequence() async throws {
        let brokers = ScriptedBrokers()
        let receiver = ReceiverKinds.receiver(Self.plan(NATSKind.Settings(server: Self.address)), setup(brokers))
        #expect(await receiver.deliver(Self.delivery()) == .delivered)
        let (message, broker) = try #require(brokers.published.first)
        #expect(broker.timeoutMs == 1_234 && broker.security == Self.security && broker.text == "nats://b:4222")
        #expect(message.id == "ab12cd34-2-bus" && message.type == "rollguard.rollback_intended.v1")
        let event = try #require(try JSONSerialization.jsonObject(with: Data(message.body)) as? [String: Any])
        #expect(event["id"] as? String == message.id && event["specversion"] as? String == "1.0")
        #expect((event["data"] as? [String: Any])?["sequence"] as? Int == 2)
    }

    /// What a name holds makes no level of a subject, and no wildcard.
    @Test func namesAreFilledIn() async {
        #expect(
            await Self.places(NATSKind.Settings(server: Self.address), "shop.api")
                == .subject("rollguard.shop_api.rollback_intended"))
        #expect(
            await Self.places(NATSKind.Settings(server: Self.address, subject: "a.{release}"), "x >*\r\n")
                == .subject("a.x_____"))
        #expect(
            await Self.places(RabbitMQKind.Settings(server: Self.address, exchange: "rel"), "checkout")
                == .exchange("rel", routingKey: "checkout.rollback_intended", virtualHost: "/"))
        #expect(
            await Self.places(RedisStreamKind.Settings(server: Self.address), "checkout")
                == .stream("rollguard", length: 10_000, rememberedSeconds: 604_800))
        #expect(
            await Self.places(KafkaKind.Settings(brokers: ["a:9092"], topic: "rel"), "shop.api")
                == .topic("rel", key: "shop.api"))
    }

    /// The members of a cluster are one address with the receiver's security.
    @Test func kafkasBrokersAreOneAddress() async throws {
        let brokers = ScriptedBrokers()
        let settings = KafkaKind.Settings(brokers: ["a:9092", "b:9093"], isTLS: true, topic: "rel")
        #expect(
            await ReceiverKinds.receiver(Self.plan(settings), setup(brokers)).deliver(Self.delivery()) == .delivered)
        let broker = try #require(brokers.published.first?.broker)
        #expect(broker.text == "kafkas://a:9092,b:9093" && broker.security == Self.security)
        #expect(broker.timeoutMs == 1_234)
    }

    @Test(arguments: [
        (BrokerOutcome.stored(isDuplicate: true), DeliveryOutcome.delivered),
        (.failed("down"), .retry(reason: "down", afterMs: nil)), (.refused("too large"), .refused(reason: "too large")),
    ])
    func whatTheBrokerSaysDecides(_ outcome: BrokerOutcome, _ expected: DeliveryOutcome) async {
        let receiver = ReceiverKinds.receiver(
            Self.plan(NATSKind.Settings(server: Self.address)), setup(ScriptedBrokers(outcome)))
        #expect(await receiver.deliver(Self.delivery()) == expected)
    }

    @Test func aLoginThatIsRefusedKeepsTheEvents() async {
        let receiver = ReceiverKinds.receiver(
            Self.plan(NATSKind.Settings(server: Self.address)), setup(ScriptedBrokers(.forbidden("no"))))
        guard case .retry(_, 3_600_000) = await receiver.deliver(Self.delivery()) else {
            return #expect(Bool(false))
        }
    }

    @Test func anEventOfAPlanHasTheStepsKey() async throws {
        let brokers = ScriptedBrokers()
        let receiver = ReceiverKinds.receiver(Self.plan(NATSKind.Settings(server: Self.address)), setup(brokers))
        for _ in 0..<2 { #expect(await receiver.publish(planEvent) == .delivered) }
        #expect(brokers.published.map(\.message.id) == ["checkout-17/announce", "checkout-17/announce"])
        #expect(brokers.published[0].message == brokers.published[1].message)
        #expect(brokers.published[0].message.place == .subject("rollguard.checkout.plan_event"))
        let webhook = ReceiverKinds.receiver(
            ReceiverPlan(name: "hook", kind: WebhookKind.kind, url: "http://a"), setup(nil))
        #expect(await webhook.publish(planEvent) == .refused(reason: "the receiver hook sends no CloudEvents"))
    }
}

@Suite("Kafka's REST proxy")
struct KafkaReceiverTests {
    private func deliver(_ answer: ScriptedTransport.Answer) async -> (DeliveryOutcome, HTTPRequest?) {
        let transport = ScriptedTransport([answer])
        let settings = KafkaKind.Settings(cluster: "C", topic: "rel/x")
        let plan = ReceiverPlan(name: "log", kind: ReceiverPlan.Kind(settings), url: "http://proxy:8082/")
        let receiver = ReceiverKinds.receiver(plan, setup(nil, transport))
        let delivery = Delivery(
            id: "ab12cd34-2-log", receiver: "log", notification: Model.Notification.sample(.rollbackIntended))
        return (await receiver.deliver(delivery), transport.requests.first)
    }

    private static let stored = #"{"error_code":200,"cluster_id":"C","topic_name":"rel","partition_id":0,"offset":7}"#

    @Test func theRecordHasTheReleaseAsItsKeyAndTheIdAsAHeader() async throws {
        let (outcome, request) = await deliver(.status(200, body: Self.stored))
        #expect(outcome == .delivered)
        #expect(request?.url == "http://proxy:8082/v3/clusters/C/topics/rel%2Fx/records" && request?.method == "POST")
        let body = try #require(try JSONSerialization.jsonObject(with: Data(request?.body ?? [])) as? [String: Any])
        #expect((body["key"] as? [String: Any])?["data"] as? String == "checkout")
        let value = (body["value"] as? [String: Any])?["data"] as? [String: Any]
        #expect(value?["id"] as? String == "ab12cd34-2-log")
        let header = (body["headers"] as? [[String: String]])?.first
        #expect(header?["name"] == "rollguard-id")
        #expect(header?["value"].flatMap { Data(base64Encoded: $0) } == Data("ab12cd34-2-log".utf8))
    }

    /// A status of 200 is that of the connection.
    @Test(arguments: [
        (200, #"{"error_code":40403,"message":"This server does not host this topic-partition."}"#, "retry"),
        (200, #"{"error_code":429,"message":"Request rate limit exceeded"}"#, "retry"),
        (200, #"{"error_code":500,"message":"timeout"}"#, "retry"), (200, #"{"error_code":422}"#, "refused"),
        (200, #"{"error_code":40301,"message":"not authorized"}"#, "gone"), (200, "{}", "retry"),
        (200, "<html>", "retry"), (401, "", "gone"), (503, "", "retry"), (404, #"{"error_code":40403}"#, "retry"),
    ])
    func theRecordsCodeIsTheReceipt(_ status: Int, _ body: String, _ expected: String) async {
        let (outcome, _) = await deliver(.status(status, body: body))
        let isGone = if case .retry(_, 3_600_000) = outcome { true } else { false }
        let shown = isGone ? "gone" : String("\(outcome)".prefix { $0 != "(" })
        #expect(shown == expected, "\(outcome)")
    }
}
