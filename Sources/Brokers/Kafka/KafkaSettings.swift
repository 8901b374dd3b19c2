import Model
import Ports

/// What a producer of librdkafka is made with. Source: CONFIGURATION.md of librdkafka.
struct KafkaSettings: Hashable, Sendable {
    /// Names and values in turns. The password is among them: they are shown nowhere.
    let texts: [String]

    init(texts: [String]) { self.texts = texts }

    /// - Throws: ``BrokerTrouble`` for a login without a user.
    init(_ broker: BrokerAddress, _ login: BrokerLogin) throws(BrokerTrouble) {
        let pairs =
            KafkaSettings.delivery(broker) + KafkaSettings.security(broker, hasLogin: login.password != nil)
            + (try KafkaSettings.login(login))
        texts = pairs.flatMap { [$0.0, $0.1] }
    }

    private static func delivery(_ broker: BrokerAddress) -> [(String, String)] {
        let timeoutMs = min(max(broker.timeoutMs, 100), 300_000)
        return [
            ("bootstrap.servers", ([broker.place] + broker.members).joined(separator: ",")),
            ("client.id", "rollguard"),
            // All replicas in sync have stored it; what the producer sends again itself is stored once and in order.
            ("acks", "all"), ("enable.idempotence", "true"),
            // The outbox tries again. What was not stored in time is dropped.
            ("message.timeout.ms", "\(timeoutMs)"), ("request.timeout.ms", "\(timeoutMs)"),
            ("socket.timeout.ms", "\(timeoutMs)"),
            ("socket.connection.setup.timeout.ms", "\(max(timeoutMs, 1_000))"),
            // A topic that was made a moment ago is not known to every broker yet.
            ("topic.metadata.propagation.max.ms", "\(timeoutMs / 2)"),
            ("linger.ms", "0"), ("reconnect.backoff.max.ms", "1000"),
        ]
    }

    private static func security(_ broker: BrokerAddress, hasLogin: Bool) -> [(String, String)] {
        let isTLS = broker.scheme.isTLS
        let name = (hasLogin ? "sasl_" : "") + (isTLS ? "ssl" : "plaintext")
        guard isTLS else { return [("security.protocol", name)] }
        let security = broker.security
        var pairs = [("security.protocol", name)]
        if security.insecureSkipVerify {
            pairs += [
                ("enable.ssl.certificate.verification", "false"), ("ssl.endpoint.identification.algorithm", "none"),
            ]
        } else {
            pairs.append(("ssl.endpoint.identification.algorithm", "https"))
        }
        if let path = security.caFile { pairs.append(("ssl.ca.location", path)) }
        if let path = security.certificateFile {
            pairs += [("ssl.certificate.location", path), ("ssl.key.location", security.keyFile ?? path)]
        }
        return pairs
    }

    private static func login(_ login: BrokerLogin) throws(BrokerTrouble) -> [(String, String)] {
        guard let password = login.password else { return [] }
        guard let user = login.user else {
            throw BrokerTrouble(.forbidden, "Kafka's login has a user and a password: use 'basic' in 'auth'")
        }
        return [("sasl.mechanism", "PLAIN"), ("sasl.username", user), ("sasl.password", password)]
    }
}

/// One record of a topic.
struct KafkaRecord: Sendable {
    let topic: String
    /// Records with the same key are in the same partition, in their order.
    let key: String
    let body: [UInt8]
    /// Names and values in turns.
    let headers: [String]

    /// A CloudEvent in structured mode. Source: the CloudEvents binding for Kafka, section 3.3.
    init(_ message: BrokerMessage, topic: String, key: String) {
        (self.topic, self.key, body) = (topic, key, message.body)
        headers = [
            "content-type", BrokerMessage.contentType, "rollguard-id", message.id, "rollguard-type", message.type,
        ]
    }
}
