import Declarations
import Model
import Ports

/// A stream of Redis. The id of each event is remembered beside it, so that the same event again is no second entry.
enum RedisStreamKind: BrokerKind {
    struct Settings: ReceiverSettings {
        static let kind = "redis_stream"
        static let sendsCloudEvents = true
        var server: BrokerAddress?
        var stream = "rollguard"
        var length = 10_000
        var rememberMs: Int64 = 604_800_000
    }

    static let sentence = "adds CloudEvents to a stream of Redis"
    static let blank = Settings()
    static let requiredFields = [["server"]]

    static func fields(_ folder: ConfigurationFolder) -> [Setting<Settings>] {
        [
            .optional(
                "server", \.server,
                BrokerFields.server([.redis, .rediss], example: "redis://host:6379, or rediss://host:6379"),
                "`redis://host:6379`, or `rediss://host:6379`"),
            .value(
                "stream", \.stream,
                ValueForm.line(limit: 200).checked { text, field in
                    if !text.contains("{"), !text.contains("}") { return text }
                    field.fail("the name of a stream must not have braces: they choose the node of a cluster")
                    return nil
                }, "the stream's key"),
            .value("length", \.length, .integer(100...10_000_000), "about so many entries are kept"),
            .value(
                "remember", \.rememberMs, .duration(60_000...31_536_000_000),
                "how long the id of an event is known; longer than `give_up_after`"),
        ]
    }

    static func server(_ settings: Settings) -> BrokerAddress? { settings.server }

    static func place(_ settings: Settings, release: String, event: String) -> BrokerMessage.Place {
        .stream(settings.stream, length: settings.length, rememberedSeconds: Int(settings.rememberMs / 1_000))
    }
}
