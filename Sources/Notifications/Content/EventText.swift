import Model

/// The ready texts of the events.
struct EventText {
    let event: Notification.Event

    init(_ event: Notification.Event) { self.event = event }

    var title: String {
        switch event {
        case .alertFiring: "Alert firing"
        case .alertResolved: "Alert resolved"
        case .rollbackHeld: "Rollback held"
        case .rollbackIntended: "Rollback started"
        case .rollbackAcknowledged: "Rollback done"
        case .rollbackAbandoned: "Rollback overdue"
        case .rollbackFallback: "Second router takes over"
        case .rollbackDrifted: "Canary was put back"
        case .rearmed: "Rearmed"
        case .routerUnusable: "Router cannot be used"
        case .routerRecovered: "Router can be used again"
        case .targetsUnusable: "Targets are not known"
        case .targetsRecovered: "Targets are known again"
        case .rolloutPrepared: "Rollout prepared"
        case .rolloutBegun: "Rollout begun"
        case .stepStanding: "Step in force"
        case .stepUndone: "Step undone"
        case .rolloutBaking: "Baking"
        case .rolloutPaused: "Rollout paused"
        case .rolloutResumed: "Rollout resumed"
        case .rolloutHalted: "Rollout halted"
        case .rolloutUnhalted: "Rollout no longer halted"
        case .gateAsked: "Answer needed"
        case .gateAnswered: "Gate answered"
        case .gateLapsed: "Gate not answered in time"
        case .shareMoved: "Share changed by another client"
        case .rolloutReminder: "Rollout waits for an operator"
        case .wayBackLost: "No way back"
        case .rolloutEnded: "Rollout ended"
        case .operatorAcknowledged: "Acknowledged by an operator"
        case .planStuck: "Plan is stuck"
        case .personNeeded: "An operator is needed"
        case .planEnded: "Plan ended"
        case .planDrift: "Step was changed back"
        case .watchFailed: "Step of the plan fails"
        case .watchRecovered: "Steps of the plan fail no more"
        case .wayBackClosed: "Way back closed"
        case .wayBackOpened: "Way back open again"
        case .schemaBreached: "Schema is absent"
        case .schemaBreachEnded: "Schema is there"
        case .groupDecided: "Group goes back"
        case .groupHeld: "Group held"
        case .groupIncomplete: "Group not complete"
        case .groupEnded: "Group done"
        }
    }

    var tone: MessageContent.Tone {
        switch event {
        case .rollbackAbandoned, .rollbackHeld, .planStuck, .wayBackClosed, .schemaBreached, .groupHeld,
            .groupIncomplete:
            .bad
        case .alertFiring, .rollbackIntended, .rollbackFallback, .rollbackDrifted, .routerUnusable, .targetsUnusable,
            .rolloutHalted, .gateLapsed, .stepUndone, .shareMoved, .gateAsked, .rolloutReminder, .wayBackLost,
            .personNeeded, .planDrift, .watchFailed, .groupDecided:
            .warning
        case .alertResolved, .rollbackAcknowledged, .routerRecovered, .targetsRecovered, .rolloutUnhalted,
            .wayBackOpened, .schemaBreachEnded, .watchRecovered:
            .good
        case .rearmed, .rolloutPrepared, .rolloutBegun, .stepStanding, .rolloutBaking, .rolloutPaused, .rolloutResumed,
            .gateAnswered, .rolloutEnded, .operatorAcknowledged, .planEnded, .groupEnded:
            .neutral
        }
    }

    /// Nil when nothing is to be done.
    ///
    /// - Parameter isHeldWithIncident: a rollback that was begun is held.
    func advice(isHeldWithIncident: Bool) -> String? {
        switch event {
        case .rollbackAbandoned: "take the canary out at the router by hand; the daemon keeps trying"
        case .rollbackHeld where isHeldWithIncident: "add capacity to the baseline, or take the canary out by hand"
        case .rollbackHeld: "find out why both versions are bad; no traffic was moved"
        case .rollbackAcknowledged: "repair the canary; `rollguard rearm` watches the next version"
        case .rollbackDrifted: "find out which client changes the router"
        case .rollbackFallback: "find out why the first router does not follow"
        case .routerUnusable: "repair the router's API: a rollback would not get through"
        case .targetsUnusable: "see `rollguard targets` for what the sources answer"
        case .rolloutHalted: "see `rollguard status` for the reason"
        case .gateAsked: "answer with `rollguard approve` or `rollguard deny`"
        case .gateLapsed: "see `rollguard steps` for the gate"
        case .shareMoved: "find out which client changes the router"
        case .rolloutReminder: "see `rollguard status` for what it waits for"
        case .planStuck: "see `rollguard why` for the step, then `rollguard plan retry`, `done` or `skip`"
        case .planDrift: "find out which client changes it back; `rollguard plan abandon` ends the watch"
        case .watchFailed: "see `rollguard status` for the step and its reason"
        case .personNeeded: "do it, then say so with `rollguard plan done`"
        case .wayBackClosed:
            "bring the schema back to what the baseline needs, or repair the canary: a rollback would not help"
        case .schemaBreached: "run the migration that the canary needs, or take its traffic away"
        case .groupHeld: "see who refused, and why; `rollguard rollback` takes a release back all the same"
        case .groupIncomplete:
            "see `rollguard why` for the release that does not go back, and take its canary out by hand"
        case .wayBackLost: "start the version before again, or be aware that a rollback cannot go back to it"
        case .alertFiring, .alertResolved, .rollbackIntended, .rearmed, .routerRecovered, .targetsRecovered,
            .rolloutPrepared,
            .rolloutBegun, .stepStanding, .stepUndone, .rolloutBaking, .rolloutPaused, .rolloutResumed,
            .rolloutUnhalted, .gateAnswered, .rolloutEnded, .operatorAcknowledged, .planEnded, .wayBackOpened,
            .schemaBreachEnded, .watchRecovered, .groupDecided, .groupEnded:
            nil
        }
    }
}
