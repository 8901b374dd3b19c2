import Declarations
import Model
import Ports
import Support

/// A chat.
enum SlackKind: DeliveringReceiverKind {
    struct Settings: ReceiverSettings {
        static let kind = "slack"
        static let hasSecretAddress = true
    }

    static let sentence = "is a chat's incoming webhook"
    static let blank = Settings()

    static func receiver(_ plan: ReceiverPlan, _: Settings, _ setup: ReceiverSetup) -> any Receiver {
        SlackReceiver(plan: plan, setup: setup)
    }
}

/// A chat's incoming webhook: `{"text": …}`. Slack defined it; Mattermost, Rocket.Chat and Discord (its address with
/// `/slack` at the end) take the same.
struct SlackReceiver: Receiver {
    private let plan: ReceiverPlan
    private let post: JSONDelivery
    private let externalURL: String?

    init(plan: ReceiverPlan, setup: ReceiverSetup) {
        self.plan = plan
        post = setup.post(plan)
        externalURL = setup.externalURL
    }

    var name: String { plan.name }

    func deliver(_ delivery: Delivery) async -> DeliveryOutcome {
        await post.send(SlackMessage(text: SlackText.text(delivery.notification, externalURL: externalURL)))
    }
}

private struct SlackMessage: Encodable {
    let text: String
}

/// The message of a notification.
enum SlackText {
    /// Of the finished message, in UTF-16 units: Discord takes 2 000, the others more.
    static let limit = 1_900
    private static let summaryLimit = 1_500

    /// - Parameter externalURL: the base of a link to the incident or the status; nil for no link. The summary is cut
    ///   so that the link remains complete.
    static func text(_ notification: Notification, externalURL: String? = nil) -> String {
        let dryRun = notification.isDryRun ? " (dry run)" : ""
        let link = DaemonLink.to(notification, externalURL: externalURL)
            .map { escaped($0, limit: .max) }
        let summary = escaped(notification.summary, limit: summaryLimit - (link?.utf16.count ?? 0))
        var lines = ["*\(title(notification.event))\(dryRun)* \(summary)"]
        let versions = "\(notification.canaryVersion) against \(notification.baselineVersion)"
        var footer = "release \(notification.release), \(versions)"
        if let incident = notification.incident { footer += ", incident \(incident)" }
        if let rollout = notification.rollout { footer += ", rollout \(rollout)" }
        lines.append(escaped(footer, limit: limit - summaryLimit - 100))
        if let link { lines.append(link) }
        return lines.joined(separator: "\n")
    }

    private static func title(_ event: Notification.Event) -> String {
        switch event {
        case .alertFiring: "Alert firing:"
        case .alertResolved: "Alert resolved:"
        case .rollbackHeld: "Rollback held:"
        case .rollbackIntended: "Rollback started:"
        case .rollbackAcknowledged: "Rollback done:"
        case .rollbackAbandoned: "Rollback overdue:"
        case .rollbackFallback: "Second router takes over:"
        case .rollbackDrifted: "Canary was put back:"
        case .rearmed: "Rearmed:"
        case .routerUnusable: "Router cannot be used:"
        case .routerRecovered: "Router can be used again:"
        case .rolloutPrepared: "Rollout prepared:"
        case .rolloutBegun: "Rollout begun:"
        case .stepStanding: "Step in force:"
        case .stepUndone: "Step undone:"
        case .rolloutBaking: "Baking:"
        case .rolloutPaused: "Rollout paused:"
        case .rolloutResumed: "Rollout resumed:"
        case .rolloutHalted: "Rollout halted:"
        case .rolloutUnhalted: "Rollout no longer halted:"
        case .gateAsked: "Answer needed:"
        case .gateAnswered: "Gate answered:"
        case .gateLapsed: "Gate not answered in time:"
        case .shareMoved: "Share changed by another client:"
        case .rolloutReminder: "Rollout still waits:"
        case .wayBackLost: "No way back:"
        case .rolloutEnded: "Rollout ended:"
        }
    }

    /// Slack's escapes (https://api.slack.com/reference/surfaces/formatting#escaping), without which `<!channel>` in a
    /// label would notify the whole channel. An `@` gets an invisible neighbour for the chats that react to `@all` and
    /// `@channel`. Never cut inside an escape.
    static func escaped(_ text: String, limit: Int) -> String {
        var shown = ""
        var units = 0
        for scalar in ForeignText.escaped(text).unicodeScalars {
            let piece = escape(scalar)
            units += piece.utf16.count
            guard units < limit else { return shown + "…" }
            shown += piece
        }
        return shown
    }

    private static func escape(_ scalar: Unicode.Scalar) -> String {
        switch scalar {
        case "&": "&amp;"
        case "<": "&lt;"
        case ">": "&gt;"
        case "@": "@\u{200B}"
        default: String(scalar)
        }
    }
}
