import Declarations
import Model
import Ports

/// A stream of NATS JetStream. A message with an id that the stream has taken within its `duplicate_window` is not stored again.
enum NATSKind: BrokerKind {
    struct Settings: ReceiverSettings {
        static let kind = "nats"
        static let sendsCloudEvents = true
        var server: BrokerAddress?
        var subject = "rollguard.{release}.{event}"
    }

    static let sentence = "publishes CloudEvents to a stream of NATS JetStream"
    static let blank = Settings()
    static let requiredFields = [["server"]]

    static func fields(_ folder: ConfigurationFolder) -> [Setting<Settings>] {
        [
            .optional(
                "server", \.server,
                BrokerFields.server([.nats, .natsTLS], example: "nats://host:4222, or tls://host:4222"),
                "`nats://host:4222`, or `tls://host:4222`"),
            .value(
                "subject", \.subject, .line(limit: 300),
                "where a stream takes them; `{release}` and `{event}` are filled in"),
        ]
    }

    static func server(_ settings: Settings) -> BrokerAddress? { settings.server }

    static func place(_ settings: Settings, release: String, event: String) -> BrokerMessage.Place {
        .subject(BrokerFields.filled(settings.subject, release: release, event: event))
    }
}
