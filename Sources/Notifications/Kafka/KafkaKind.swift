import Declarations
import Foundation
import Model
import Ports
import Support

/// A topic of Kafka: by its own protocol with `brokers`, or with `url` by the REST proxy v3 (docs.confluent.io, "Produce records"). The
/// key is the release, so that one release stays in its order.
enum KafkaKind: BrokerKind {
    struct Settings: ReceiverSettings {
        static let kind = "kafka"
        static let sendsCloudEvents = true
        var cluster: String?
        /// `host:port`; nil with the REST proxy.
        var brokers: [String]?
        var isTLS = false
        var topic: String?
    }

    static let sentence = "publishes CloudEvents to a topic of Kafka, by its own protocol or by its REST proxy (v3)"
    static let blank = Settings()
    static let defaultURL: String? = nil
    static let addressField: String? = "brokers"
    static let requiredFields = [["cluster_id", "brokers"], ["topic"]]

    static func fields(_ folder: ConfigurationFolder) -> [Setting<Settings>] {
        [
            .optional("cluster_id", \.cluster, .line(limit: 200), "of Kafka's cluster; `GET /v3/clusters` shows it"),
            .optional("topic", \.topic, .line(limit: 249), "the topic"),
            .optional(
                "brokers", \.brokers, brokers,
                "`host:9092` of some members of the cluster, instead of `url`; needs the library librdkafka"),
            .value("broker_tls", \.isTLS, .bool, "the members speak TLS; `tls` names the authorities"),
        ]
    }

    private static var brokers: ValueForm<[String]> {
        ValueForm.lines(of: "addresses").mapped(
            { texts, field in
                let places = texts.compactMap { BrokerAddress("kafka://\($0)")?.place }
                if places.count == texts.count { return places }
                let wrong = texts.first { BrokerAddress("kafka://\($0)") == nil } ?? ""
                field.fail("\(Quote.value(wrong)) is no address of a broker; write host:9092")
                return nil
            }, back: { $0 })
    }

    static func receiver(_ plan: ReceiverPlan, _ settings: Settings, _ setup: ReceiverSetup) -> any Receiver {
        settings.brokers == nil
            ? KafkaReceiver(plan: plan, settings: settings, setup: setup)
            : BrokerReceiver<KafkaKind>(plan: plan, settings: settings, setup: setup)
    }

    static func server(_ settings: Settings) -> BrokerAddress? {
        guard let members = settings.brokers, let first = members.first,
            var server = BrokerAddress("\(settings.isTLS ? "kafkas" : "kafka")://\(first)")
        else { return nil }
        server.members = Array(members.dropFirst())
        return server
    }

    static func place(_ settings: Settings, release: String, event: String) -> BrokerMessage.Place {
        .topic(settings.topic ?? "", key: release)
    }

    /// The status is that of the connection; the receipt is the `error_code` of the record.
    static func meaning(_ answer: ServiceAnswer) -> AnswerMeaning {
        guard let code = answer.json?["error_code"]?.double.map({ Int($0) }) else {
            return answer.status == 200 ? .notUnderstood(answer) : .ofStatus(answer, gone: [401, 403])
        }
        let text = answer.json?["message"]?.string ?? ""
        let reason = "the record was answered with \(code)\(text.isEmpty ? "" : ": \(text)")"
        // Codes of the proxy have two digits behind the status: 40403 is a topic that is not there.
        switch code >= 10_000 ? code / 100 : code {
        case 200: return .delivered()
        case 401, 403: return .gone(reason)
        // The topic may be made, and a cluster comes back.
        case 404, 408, 429, 500...599: return .retry(reason, afterMs: answer.retryAfterMs)
        default: return .refused(reason)
        }
    }
}

/// By the REST proxy.
struct KafkaReceiver: Receiver {
    let plan: ReceiverPlan
    let settings: KafkaKind.Settings
    let setup: ReceiverSetup

    var name: String { plan.name }

    func deliver(_ delivery: Delivery) async -> DeliveryOutcome {
        await send(CloudEvent(delivery, externalURL: setup.externalURL), key: delivery.notification.release)
    }

    func publish(_ event: PlanEvent) async -> DeliveryOutcome {
        await send(CloudEvent(event, externalURL: setup.externalURL), key: event.release)
    }

    private func send(_ event: CloudEvent<some Encodable>, key: String) async -> DeliveryOutcome {
        do {
            let response = try await setup.transport.send(try request(event, key: key))
            return KafkaKind.meaning(ServiceAnswer(response: response)).outcome
        } catch let error as EncodingError {
            return .refused(reason: "the event could not be encoded as JSON: \(error)")
        } catch {
            return .retry(reason: "\(error)", afterMs: nil)
        }
    }

    private func request(_ event: CloudEvent<some Encodable>, key: String) throws -> HTTPRequest {
        let written = try plan.urlSecret.map { try setup.secrets.secret($0) } ?? plan.url
        let base = written.hasSuffix("/") ? String(written.dropLast()) : written
        let topic = PercentEncoding.component(settings.topic ?? "")
        let url = "\(base)/v3/clusters/\(PercentEncoding.component(settings.cluster ?? ""))/topics/\(topic)/records"
        let value: JSONTree = JSONBody.decode(try JSONBody.encode(event)) ?? .null
        let record: JSONTree = [
            "key": ["type": "STRING", "data": .text(key)], "value": ["type": "JSON", "data": value],
            "headers": [
                KafkaReceiver.header("rollguard-id", event.id), KafkaReceiver.header("rollguard-type", event.type),
            ],
        ]
        return HTTPRequest(
            method: "POST", url: url, headers: [TextPair("Content-Type", "application/json")] + plan.headers,
            body: try JSONBody.encode(record), connectTimeoutMs: min(2_000, plan.timeoutMs), timeoutMs: plan.timeoutMs,
            bodyLimitBytes: 64 << 10, security: plan.security)
    }

    /// The proxy takes the values of headers in base64.
    private static func header(_ name: String, _ value: String) -> JSONTree {
        ["name": .text(name), "value": .text(Data(value.utf8).base64EncodedString())]
    }
}
