/// A receiver of notifications.
public struct ReceiverPlan: Sendable, Equatable, Codable {
    public enum Kind: String, Sendable, Equatable, Codable, CaseIterable {
        /// Our JSON, version 1.
        case webhook
        /// The JSON that Alertmanager's webhook receiver posts (version "4"), for tools that read that already.
        case alertmanagerWebhook = "alertmanager-webhook"
        /// POST /api/v2/alerts of an Alertmanager.
        case alertmanager
        /// `{"text": …}`, as the incoming webhooks of Slack, Mattermost, Rocket.Chat and (with `/slack`) Discord take it.
        case slack

        /// The address itself is a credential: whoever has it can post.
        public var hasSecretAddress: Bool { self == .slack }
    }

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
    /// How often alerts that last are sent again; of `alertmanager` alone.
    public var resendMs: Int64 = 60_000

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
