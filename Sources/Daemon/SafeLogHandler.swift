import Logging

/// The last guard before the log: whatever a line is made of, it stays one line and shows no secret.
struct SafeLogHandler: LogHandler {
    private var base: any LogHandler
    private let secrets: KnownSecrets

    init(_ base: any LogHandler, secrets: KnownSecrets) {
        self.base = base
        self.secrets = secrets
    }

    var logLevel: Logger.Level {
        get { base.logLevel }
        set { base.logLevel = newValue }
    }

    var metadata: Logger.Metadata {
        get { base.metadata }
        set { base.metadata = newValue }
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { base[metadataKey: key] }
        set { base[metadataKey: key] = newValue }
    }

    func log(event: LogEvent) {
        var event = event
        event.message = "\(secrets.line(event.message.description))"
        event.metadata = event.metadata?.mapValues { .string(secrets.line($0.description)) }
        base.log(event: event)
    }
}
