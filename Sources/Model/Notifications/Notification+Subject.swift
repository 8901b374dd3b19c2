extension Notification {
    /// What the notification is about, at most some hundred characters: notifications with the same subject belong
    /// together. One opens it, later ones change it, one closes it.
    public var subject: String {
        switch event {
        case .routerUnusable, .routerRecovered: return "router:\(release)"
        case .targetsUnusable, .targetsRecovered: return "targets:\(release)"
        case .wayBackClosed, .wayBackOpened: return "schema:\(release)"
        case .schemaBreached, .schemaBreachEnded: return "schema-of-canary:\(release)"
        case .alertFiring, .alertResolved: return alertSubject
        // A rollback that was not begun ends with the alert that asked for it.
        case .rollbackHeld where incident == nil && alert != nil: return alertSubject
        case .planStuck, .personNeeded, .planEnded, .planDrift: return "plan:\(incident ?? rollout ?? release)"
        case .watchFailed, .watchRecovered: return "watch:\(release)"
        case .groupHeld, .groupIncomplete, .groupEnded: return "group:\(incident ?? release)"
        default: break
        }
        if let incident { return "incident:\(incident)" }
        if let rollout { return "rollout:\(rollout)" }
        return "release:\(release)/\(canaryVersion)"
    }

    private var alertSubject: String {
        guard let alert else { return "alert:\(release)" }
        return "alert:\(release)/\(alert.rule)/\(alert.activeSinceWallMs)"
    }

    /// It says that nothing more has to be done about its subject.
    public var closesSubject: Bool {
        switch event {
        case .alertResolved, .rollbackAcknowledged, .rearmed, .routerRecovered, .targetsRecovered, .rolloutResumed,
            .rolloutUnhalted,
            .gateAnswered, .rolloutEnded, .planEnded, .wayBackOpened, .schemaBreachEnded, .watchRecovered, .groupEnded:
            true
        default: false
        }
    }

    /// Its subject waits for an operator until it is closed or acknowledged.
    public var needsOperator: Bool {
        // It runs again by itself.
        if event == .planDrift { return false }
        return Severity(self) >= .warning || event == .gateAsked || event == .rolloutReminder
    }

    /// A rollback does not get through, and no silence and no mute window may hide that.
    public var isUnmutable: Bool {
        switch event {
        case .rollbackAbandoned: true
        case .rollbackHeld: incident != nil
        default: false
        }
    }
}
