/// The settings that only one kind of receiver has.
public protocol ReceiverSettings: Sendable, Equatable {
    /// The `kind` in the configuration.
    static var kind: String { get }

    /// Whether the address itself is a credential: whoever has it can post.
    static var hasSecretAddress: Bool { get }

    /// Whether it can publish events of plans.
    static var sendsCloudEvents: Bool { get }
}

extension ReceiverSettings {
    public static var hasSecretAddress: Bool { false }

    public static var sendsCloudEvents: Bool { false }

    fileprivate func isEqual(to other: any ReceiverSettings) -> Bool { other as? Self == self }
}

/// Where notifications are sent, and how.
public struct ReceiverPlan: Sendable, Equatable {
    /// The kind of a receiver, with the settings that only this kind has. The kernel never reads them.
    public struct Kind: Sendable, Equatable {
        /// A reference, because plans are copied often: a value of unknown size would make each copy slower.
        private let box: Box

        private final class Box: Sendable {
            let settings: any ReceiverSettings

            init(_ settings: any ReceiverSettings) { self.settings = settings }
        }

        public var settings: any ReceiverSettings { box.settings }

        public init(_ settings: any ReceiverSettings) { box = Box(settings) }

        /// The `kind` in the configuration.
        public var name: String { type(of: settings).kind }

        /// Whether the address itself is a credential: whoever has it can post.
        public var hasSecretAddress: Bool { type(of: settings).hasSecretAddress }

        public static func == (left: Kind, right: Kind) -> Bool { left.settings.isEqual(to: right.settings) }
    }

    /// The file of the configuration centre that defines it; nil for the configuration file.
    public var origin: String?
    /// Unique in a plan.
    public var name: String
    public var kind: Kind
    /// May hold a credential; show `Redaction.url(url)` instead.
    public var url: String
    /// Where the address is kept when it is not in the plan; `url` is empty then.
    public var urlSecret: SecretReference?
    /// HMAC-SHA256 key.
    public var secret: SecretReference?
    public var security: ClientSecurity
    public var headers: [TextPair]
    public var timeoutMs: Int64
    /// Pause before the second try; doubles up to `retryMaxMs`, with jitter.
    public var retryMinMs: Int64
    public var retryMaxMs: Int64
    /// After this long a notification goes to the dead letters.
    public var giveUpAfterMs: Int64
    /// Report resolved alerts too.
    public var sendsResolved: Bool
    /// For so long a notification waits for the same event of other releases, to be one message with them; 0 for no such
    /// message.
    public var groupWaitMs: Int64 = 0
    /// Templates of one's own for the title and the text of messages to people; nil for the ready ones.
    public var titleTemplate: String?
    public var textTemplate: String?

    public init(
        name: String, kind: Kind, url: String, secret: SecretReference? = nil,
        security: ClientSecurity = ClientSecurity(), headers: [TextPair] = [], timeoutMs: Int64 = 5_000,
        retryMinMs: Int64 = 500, retryMaxMs: Int64 = 60_000, giveUpAfterMs: Int64 = 24 * 3_600_000,
        sendsResolved: Bool = true
    ) {
        self.name = name
        self.kind = kind
        self.url = url
        self.secret = secret
        self.security = security
        self.headers = headers
        self.timeoutMs = timeoutMs
        self.retryMinMs = retryMinMs
        self.retryMaxMs = retryMaxMs
        self.giveUpAfterMs = giveUpAfterMs
        self.sendsResolved = sendsResolved
    }
}
