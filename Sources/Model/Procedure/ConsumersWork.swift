/// The consumers of the canary, which no split of the traffic reaches: they are paused, or continue, at their broker.
public struct ConsumersWork: Sendable, Equatable, Codable {
    public enum Broker: String, Sendable, Equatable, Codable, CaseIterable {
        /// A consumer of a JetStream stream, server 2.11 or newer.
        case nats
        /// A user of RabbitMQ that the canary alone has, by the management API.
        case rabbitmq
    }

    public enum Action: String, Sendable, Equatable, Codable, CaseIterable {
        case pause
        case resume
    }

    public var broker: Broker
    public var action: Action
    /// `nats://host:4222`; of RabbitMQ where the management API is.
    public var url: String
    /// Of NATS.
    public var stream: String?
    /// Of NATS: the durable name.
    public var consumer: String?
    /// Of NATS: how long the pause lasts unless it is ended before.
    public var pauseMs: Int64
    /// Of RabbitMQ.
    public var virtualHost: String
    public var user: String?
    /// Of RabbitMQ: the pattern of queues that the user may read when its consumers continue.
    public var readPattern: String
    public var security: ClientSecurity

    public init(
        broker: Broker = .nats, action: Action = .pause, url: String = "", stream: String? = nil,
        consumer: String? = nil, pauseMs: Int64 = 86_400_000, virtualHost: String = "/", user: String? = nil,
        readPattern: String = ".*", security: ClientSecurity = ClientSecurity()
    ) {
        self.broker = broker
        self.action = action
        self.url = url
        self.stream = stream
        self.consumer = consumer
        self.pauseMs = pauseMs
        self.virtualHost = virtualHost
        self.user = user
        self.readPattern = readPattern
        self.security = security
    }
}
