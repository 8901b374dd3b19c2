public import Model

/// Talks to message brokers. Brokers implements it.
///
/// Implementations verify TLS unless configured otherwise, use a connection for one call except with Kafka, and return within the
/// call's `timeoutMs`. No text that comes out holds a secret.
public protocol BrokerTransport: Sendable {
    /// Publishes one message and waits until the broker says that it is stored. The same ``BrokerMessage/id`` again is no second
    /// message where the broker knows ids (NATS JetStream, Redis); RabbitMQ and Kafka take it twice, and readers drop it by its id.
    func publish(_ message: BrokerMessage, at broker: BrokerAddress) async -> BrokerOutcome

    /// Sends a request to a subject of NATS and waits for one answer.
    func ask(_ subject: String, _ body: [UInt8], at broker: BrokerAddress) async -> BrokerAnswer
}

/// Where a broker is, and how it is reached.
public struct BrokerAddress: Sendable, Equatable {
    /// What is spoken; the raw value is the scheme of addresses.
    public enum Scheme: String, Sendable, CaseIterable {
        case nats
        /// The same in TLS.
        case natsTLS = "tls"
        case amqp
        case amqps
        case redis
        case rediss
        case kafka
        /// The same in TLS.
        case kafkas

        /// Whether TLS is required.
        public var isTLS: Bool { [.natsTLS, .amqps, .rediss, .kafkas].contains(self) }

        /// Where it listens unless said otherwise.
        public var defaultPort: Int {
            switch self {
            case .nats, .natsTLS: 4_222
            case .amqp: 5_672
            case .amqps: 5_671
            case .redis, .rediss: 6_379
            case .kafka, .kafkas: 9_092
            }
        }
    }

    /// What is spoken there.
    public var scheme: Scheme
    /// A name or an address without brackets.
    public var host: String
    /// 1...65535.
    public var port: Int
    /// Further members of the same cluster, as `host:port`; only Kafka's clients ask them.
    public var members: [String] = []
    /// The login, the authorities and the client's certificate.
    public var security: ClientSecurity
    /// Everything from name lookup to the broker's answer.
    public var timeoutMs: Int64

    public init(
        scheme: Scheme, host: String, port: Int, security: ClientSecurity = ClientSecurity(), timeoutMs: Int64 = 5_000
    ) {
        self.scheme = scheme
        self.host = host
        self.port = port
        self.security = security
        self.timeoutMs = timeoutMs
    }

    /// `nats://10.0.0.1:4222`, without a user or a path: credentials have fields of their own. Nil for what is no such address.
    public init?(_ text: String) {
        guard let mark = text.firstRange(of: "://"), let scheme = Scheme(rawValue: String(text[..<mark.lowerBound]))
        else { return nil }
        var host = text[mark.upperBound...]
        var port = scheme.defaultPort
        let end = host.lastIndex(of: "]") ?? host.startIndex
        if let colon = host[end...].lastIndex(of: ":") {
            guard let number = Int(host[host.index(after: colon)...]), (1...65_535).contains(number) else { return nil }
            port = number
            host = host[..<colon]
        }
        if host.hasPrefix("["), host.hasSuffix("]") { host = host.dropFirst().dropLast() }
        let isPlain = host.utf8.allSatisfy { (0x21...0x7E).contains($0) && !#"/?#@[]\"#.utf8.contains($0) }
        guard !host.isEmpty, isPlain else { return nil }
        self.init(scheme: scheme, host: String(host), port: port)
    }

    /// As it is written in configurations; it holds no secret.
    public var text: String { "\(scheme.rawValue)://" + ([place] + members).joined(separator: ",") }

    /// `host:port`.
    public var place: String { "\(host.contains(":") ? "[\(host)]" : host):\(port)" }
}

/// One message, and where it goes.
public struct BrokerMessage: Sendable, Equatable {
    /// Where a message goes; each kind of broker has a case.
    public enum Place: Sendable, Equatable {
        /// A subject that a stream of JetStream takes.
        case subject(String)
        /// Of RabbitMQ.
        case exchange(String, routingKey: String, virtualHost: String)
        /// A stream of Redis.
        ///
        /// - length: about so many entries are kept.
        /// - rememberedSeconds: how long the id of an event is known.
        case stream(String, length: Int, rememberedSeconds: Int)
        /// A topic of Kafka. Messages with the same key keep their order.
        case topic(String, key: String)
    }

    /// Of a kind that the broker's scheme speaks.
    public var place: Place
    /// Stable over every try and restart.
    public var id: String
    /// `rollguard.rollback_intended.v1`.
    public var type: String
    /// JSON.
    public var body: [UInt8]

    public init(place: Place, id: String, type: String, body: [UInt8]) {
        self.place = place
        self.id = id
        self.type = type
        self.body = body
    }

    /// What the body is.
    public static let contentType = "application/cloudevents+json; charset=utf-8"
}

/// What came of a message.
public enum BrokerOutcome: Sendable, Equatable {
    /// The broker has stored it.
    ///
    /// - isDuplicate: it had stored it before.
    case stored(isDuplicate: Bool)
    /// Another try may succeed.
    case failed(String)
    /// The broker does not accept the credentials.
    case forbidden(String)
    /// The broker never takes this message.
    case refused(String)
}

/// What came of a request.
public enum BrokerAnswer: Sendable, Equatable {
    /// The body of the answer.
    case answered([UInt8])
    /// The request did not reach the broker, or there is no one to answer it.
    case failed(String)
    /// The broker does not accept the credentials.
    case forbidden(String)
    /// It was sent, and no answer came.
    case lost(String)
}
