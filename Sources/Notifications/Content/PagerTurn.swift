import Model

/// What a notification means to a service that keeps incidents open until they are resolved.
struct PagerTurn: Sendable, Equatable {
    enum Action: Sendable, Equatable {
        case open(Severity)
        /// An operator has taken charge of what is open.
        case acknowledge
        case resolve
    }

    /// The key by which later turns find the incident.
    let subject: String
    let action: Action

    /// The turns of a notification; none for progress, which needs no attention.
    ///
    /// - Parameter least: what is less urgent opens nothing. It is resolved all the same: services ignore the end of what
    ///   is not open.
    static func turns(_ content: MessageContent, least: Severity) -> [PagerTurn] {
        all(content).filter { turn in
            if case .open(let severity) = turn.action { severity >= least } else { true }
        }
    }

    private static func all(_ content: MessageContent) -> [PagerTurn] {
        let notification = content.notification
        let open = PagerTurn(subject: content.subject, action: .open(content.severity))
        let resolved = PagerTurn(subject: content.subject, action: .resolve)
        switch notification.event {
        case .rollbackIntended, .rollbackAbandoned, .rollbackFallback, .rollbackDrifted, .rollbackHeld:
            return [open]
        case .alertFiring, .routerUnusable, .targetsUnusable, .planStuck, .personNeeded, .wayBackClosed,
            .schemaBreached, .watchFailed, .groupHeld, .groupIncomplete:
            return [open]
        case .rollbackAcknowledged, .rearmed, .alertResolved, .routerRecovered, .targetsRecovered, .planEnded,
            .wayBackOpened, .schemaBreachEnded, .watchRecovered, .groupEnded:
            return [resolved]
        case .rolloutHalted: return [PagerTurn(subject: halted(notification), action: .open(content.severity))]
        case .rolloutUnhalted: return [PagerTurn(subject: halted(notification), action: .resolve)]
        case .gateAsked: return [PagerTurn(subject: gate(notification), action: .open(.info))]
        case .gateAnswered, .gateLapsed: return [PagerTurn(subject: gate(notification), action: .resolve)]
        case .rolloutEnded:
            return [halted(notification), gate(notification)].map { PagerTurn(subject: $0, action: .resolve) }
        case .operatorAcknowledged: return acknowledged(notification)
        case .rolloutPrepared, .rolloutBegun, .stepStanding, .stepUndone, .rolloutBaking, .rolloutPaused,
            .rolloutResumed, .rolloutReminder, .wayBackLost, .shareMoved, .planDrift, .groupDecided:
            return []
        }
    }

    /// Everything that may be open of the subject; services ignore what is not.
    private static func acknowledged(_ notification: Notification) -> [PagerTurn] {
        let subjects =
            notification.rollout == nil ? [notification.subject] : [halted(notification), gate(notification)]
        return subjects.map { PagerTurn(subject: $0, action: .acknowledge) }
    }

    private static func halted(_ notification: Notification) -> String {
        "halted:\(notification.rollout ?? notification.release)"
    }

    private static func gate(_ notification: Notification) -> String {
        "gate:\(notification.rollout ?? notification.release)"
    }
}
