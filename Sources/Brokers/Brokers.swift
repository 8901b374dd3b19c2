import Model
package import Ports

/// The brokers that Rollguard publishes to. NATS JetStream, RabbitMQ (AMQP 0-9-1) and Redis have small clients of what is needed, a
/// connection per call: events of releases are rare, and a broker may have been restarted in between. Kafka has librdkafka, whose
/// producers are kept.
package struct Brokers: BrokerTransport {
    private let secrets: any SecretStore
    private let kafka: KafkaProducers

    /// - Parameter kafka: closed by whoever made it.
    package init(secrets: any SecretStore, kafka: KafkaProducers = KafkaProducers()) {
        (self.secrets, self.kafka) = (secrets, kafka)
    }

    package func publish(_ message: BrokerMessage, at broker: BrokerAddress) async -> BrokerOutcome {
        do throws(BrokerTrouble) {
            let login = try BrokerLogin(broker.security.authorization, secrets)
            switch message.place {
            case .subject(let subject):
                return try await NATSTalk(broker: broker, login: login).publish(message, subject: subject)
            case .exchange(let exchange, let key, let host):
                let talk = AMQPTalk(broker: broker, login: login, virtualHost: host)
                return try await talk.publish(message, exchange: exchange, routingKey: key)
            case .stream(let stream, let length, let seconds):
                let talk = RedisTalk(broker: broker, login: login)
                return try await talk.add(message, stream: stream, length: length, rememberedSeconds: seconds)
            case .topic(let topic, let key):
                return try await kafka.publish(KafkaRecord(message, topic: topic, key: key), at: broker, login)
            }
        } catch {
            return switch error.kind {
            case .unreachable, .lost: .failed(error.text)
            case .forbidden: .forbidden(error.text)
            case .refused: .refused(error.text)
            }
        }
    }

    package func ask(_ subject: String, _ body: [UInt8], at broker: BrokerAddress) async -> BrokerAnswer {
        do throws(BrokerTrouble) {
            let login = try BrokerLogin(broker.security.authorization, secrets)
            return .answered(try await NATSTalk(broker: broker, login: login).ask(subject, body))
        } catch {
            return switch error.kind {
            case .unreachable, .refused: .failed(error.text)
            case .forbidden: .forbidden(error.text)
            case .lost: .lost(error.text)
            }
        }
    }
}

/// A user and a password, or a password alone.
struct BrokerLogin: Sendable {
    let user: String?
    let password: String?

    init(user: String? = nil, password: String? = nil) { (self.user, self.password) = (user, password) }

    init(_ authorization: Authorization?, _ secrets: any SecretStore) throws(BrokerTrouble) {
        do throws(SecretError) {
            switch authorization {
            case nil: self.init()
            case .basic(let user, let password): self.init(user: user, password: try secrets.secret(password))
            case .bearer(let token), .header(_, let token): self.init(password: try secrets.secret(token))
            }
        } catch {
            throw BrokerTrouble(.forbidden, "\(error)")
        }
    }
}
