package import Declarations
package import Model
package import Ports

/// A kind of receiver with the type that delivers. A new kind is a folder with such a type, its settings and its
/// receiver, and a line in ``ReceiverKinds``.
protocol DeliveringReceiverKind: ReceiverKind {
    static func receiver(_ plan: ReceiverPlan, _ settings: Settings, _ setup: ReceiverSetup) -> any Receiver
}

/// What receivers are made of, beside their plan.
package struct ReceiverSetup: Sendable {
    package let transport: any HTTPTransport
    package let secrets: any SecretStore
    /// Nil where no mail can be sent.
    package let mail: (any MailTransport)?
    /// Nil where nothing can be sent to syslog servers.
    package let syslog: (any SyslogTransport)?
    /// Nil where nothing can be published to brokers.
    package let brokers: (any BrokerTransport)?
    /// Keeps over restarts how services name messages; nil where nothing is kept.
    package let memory: (any MessageMemory)?
    /// This machine, in records.
    package let hostName: String
    /// The base of links into the daemon's API (`DaemonPlan.externalURL`); nil for no links.
    package let externalURL: String?
    /// Makes the links that acknowledge an incident; nil where messages have none.
    package let links: (any MessageLinks)?
    /// Milliseconds since the epoch.
    package let clock: @Sendable () -> Int64

    package init(
        transport: any HTTPTransport, secrets: any SecretStore, mail: (any MailTransport)? = nil,
        syslog: (any SyslogTransport)? = nil, brokers: (any BrokerTransport)? = nil, hostName: String = "",
        memory: (any MessageMemory)? = nil, externalURL: String?, links: (any MessageLinks)? = nil,
        clock: @escaping @Sendable () -> Int64
    ) {
        self.transport = transport
        self.secrets = secrets
        self.mail = mail
        self.syslog = syslog
        self.brokers = brokers
        self.hostName = hostName
        self.memory = memory
        self.externalURL = externalURL
        self.links = links
        self.clock = clock
    }

    /// What a message to people says, with the receiver's own texts where it has some.
    func content(_ plan: ReceiverPlan, _ notification: Notification) -> MessageContent {
        var content = MessageTemplates(plan).content(notification, externalURL: externalURL)
        let kind = ReceiverKinds.delivering.first { $0.name == plan.kind.name }
        if let incident = notification.incident, notification.asksForAcknowledgement, kind?.isReadByPeople ?? false {
            content.acknowledgeLink = links?.acknowledge(incident: incident, fromWallMs: notification.atWallMs)
        }
        return content
    }

    func post(_ plan: ReceiverPlan, contentType: String = "application/json") -> JSONDelivery {
        JSONDelivery(plan: plan, transport: transport, secrets: secrets, contentType: contentType)
    }
}

/// All kinds of receivers, in the order of the documentation.
package enum ReceiverKinds {
    static let delivering: [any DeliveringReceiverKind.Type] = [
        WebhookKind.self, AlertmanagerWebhookKind.self, AlertmanagerKind.self,
        CloudEventsKind.self, SlackKind.self, DiscordKind.self, TeamsKind.self, MattermostKind.self,
        RocketChatKind.self, GoogleChatKind.self, TelegramKind.self, WebexKind.self, DingTalkKind.self,
        FeishuKind.self, WeComKind.self, PagerDutyKind.self, OpsgenieKind.self, SplunkOnCallKind.self,
        NtfyKind.self, PushoverKind.self, EmailKind.self, SNSKind.self, SyslogKind.self, HTTPMessageKind.self,
        NATSKind.self, RabbitMQKind.self, RedisStreamKind.self, KafkaKind.self,
    ]

    /// For reading and describing configurations.
    package static var all: [any ReceiverKind.Type] { delivering }

    /// The receiver that a plan describes.
    package static func receiver(_ plan: ReceiverPlan, _ setup: ReceiverSetup) -> any Receiver {
        delivering.lazy.compactMap { $0.make(plan, setup) }.first ?? NoReceiver(name: plan.name, kind: plan.kind.name)
    }
}

extension DeliveringReceiverKind {
    /// Nil for a plan of another kind.
    fileprivate static func make(_ plan: ReceiverPlan, _ setup: ReceiverSetup) -> (any Receiver)? {
        (plan.kind.settings as? Settings).map { receiver(plan, $0, setup) }
    }
}

/// Refuses what is sent to a kind that is in no configuration of this program.
private struct NoReceiver: Receiver {
    let name: String
    let kind: String

    func deliver(_ delivery: Delivery) async -> DeliveryOutcome {
        .refused(reason: "receivers of the kind \(kind) are not known")
    }
}
