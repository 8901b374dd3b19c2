import Declarations
import Model
import Ports

/// An exchange of RabbitMQ, with publisher confirms. An answer that is lost brings the message twice, with the same `message_id`.
enum RabbitMQKind: BrokerKind {
    struct Settings: ReceiverSettings {
        static let kind = "rabbitmq"
        static let sendsCloudEvents = true
        var server: BrokerAddress?
        var virtualHost = "/"
        var exchange: String?
        var routingKey = "{release}.{event}"
    }

    static let sentence = "publishes CloudEvents to an exchange of RabbitMQ, and waits for its confirm"
    static let blank = Settings()
    static let requiredFields = [["server"], ["exchange"]]

    static func fields(_ folder: ConfigurationFolder) -> [Setting<Settings>] {
        [
            .optional(
                "server", \.server,
                BrokerFields.server([.amqp, .amqps], example: "amqp://host:5672, or amqps://host:5671"),
                "`amqp://host:5672`, or `amqps://host:5671`"),
            .value("vhost", \.virtualHost, .line(limit: 200), "the virtual host"),
            .optional(
                "exchange", \.exchange, .line(limit: 200),
                "gets the messages; it has to be there, with a queue bound to it"),
            .value(
                "key", \.routingKey, .line(limit: 200), "the routing key; `{release}` and `{event}` are filled in"),
        ]
    }

    static func server(_ settings: Settings) -> BrokerAddress? { settings.server }

    static func place(_ settings: Settings, release: String, event: String) -> BrokerMessage.Place {
        .exchange(
            settings.exchange ?? "",
            routingKey: BrokerFields.filled(settings.routingKey, release: release, event: event),
            virtualHost: settings.virtualHost)
    }
}
