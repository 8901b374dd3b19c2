package import Model

/// Deliveries that show whether a receiver can be reached and takes its messages. They say so, and leave nothing open.
package enum TestDeliveries {
    /// Goes before the id of each: a receiver that keeps state never takes them for those of a journal.
    package static let identity = "test"

    /// - Parameters:
    ///   - event: the event to show; nil for a whole rollback.
    ///   - mark: distinguishes this test from others, for receivers that remember what they have seen.
    package static func make(
        receiver: String, event: Notification.Event?, mark: String, nowWallMs: Int64
    ) -> [Delivery] {
        let events = event.map { [$0] + ends(of: $0) } ?? [.rollbackIntended] + ends(of: .rollbackIntended)
        return events.enumerated().map { index, event in
            let notification = sample(event, mark: mark, sequence: UInt64(index + 1), nowWallMs: nowWallMs)
            return Delivery(
                id: "\(identity)-\(mark)-\(notification.sequence)-\(receiver)", receiver: receiver,
                notification: notification)
        }
    }

    /// One notification of each event, with an alert that has labels, and one whose texts are missing or long.
    static let samples: [Notification] = {
        let all = Notification.Event.allCases.map {
            sample($0, mark: "sample", sequence: 1, nowWallMs: 1_700_000_000_000)
        }
        var bare = all[0]
        (bare.alert, bare.incident, bare.splitBefore, bare.splitAfter, bare.timeline) = (nil, nil, nil, nil, [])
        var long = all[0]
        long.summary = String(repeating: "灰度😀<&>\"'", count: 400)
        return all + [bare, long]
    }()

    /// The events that close what an event opens.
    private static func ends(of event: Notification.Event) -> [Notification.Event] {
        switch event {
        case .alertFiring: [.alertResolved]
        case .rollbackIntended: [.rollbackAcknowledged, .rearmed]
        case .rollbackHeld, .rollbackAcknowledged, .rollbackAbandoned, .rollbackFallback, .rollbackDrifted: [.rearmed]
        case .routerUnusable: [.routerRecovered]
        case .targetsUnusable: [.targetsRecovered]
        case .rolloutHalted: [.rolloutUnhalted]
        case .gateAsked: [.gateAnswered]
        case .planStuck, .personNeeded: [.planEnded]
        case .wayBackClosed: [.wayBackOpened]
        case .schemaBreached: [.schemaBreachEnded]
        case .watchFailed: [.watchRecovered]
        case .groupHeld, .groupIncomplete: [.groupEnded]
        case .alertResolved, .rearmed, .routerRecovered, .targetsRecovered, .rolloutPrepared, .rolloutBegun,
            .stepStanding, .stepUndone,
            .rolloutBaking, .rolloutPaused, .rolloutResumed, .rolloutReminder, .wayBackLost, .rolloutUnhalted,
            .gateAnswered,
            .gateLapsed, .shareMoved, .rolloutEnded, .operatorAcknowledged, .planEnded, .planDrift, .wayBackOpened,
            .schemaBreachEnded, .watchRecovered, .groupDecided, .groupEnded:
            []
        }
    }

    private static func sample(
        _ event: Notification.Event, mark: String, sequence: UInt64, nowWallMs: Int64
    ) -> Notification {
        var notification = Notification(
            sequence: sequence, event: event, atWallMs: nowWallMs, release: "rollguard-test",
            baselineVersion: "v1.0.0", canaryVersion: "v1.1.0",
            summary: "TEST of this receiver (\(event.rawValue)); nothing has happened",
            alert: alert(sinceWallMs: nowWallMs), splitBefore: Split(canaryBasisPoints: 1_000),
            splitAfter: .allBaseline,
            timeline: [.init(atWallMs: nowWallMs, step: "intended", detail: "TEST")])
        let name = "rollguard-test-\(mark)"
        if event.isOfRollout { notification.rollout = name } else { notification.incident = name }
        return notification
    }

    private static func alert(sinceWallMs: Int64) -> AlertRecord {
        func side(_ version: String, _ errors: Double) -> Evidence.Side {
            Evidence.Side(
                version: version, value: errors / 1_000, requests: 1_000, errors: errors, healthyTargets: 2, targets: 2)
        }
        let evidence = Evidence(
            indicator: "error_rate", windowMs: 60_000, condition: "canary > 1%", verdict: .breached,
            baseline: side("v1.0.0", 1), canary: side("v1.1.0", 81))
        return AlertRecord(
            rule: "RollguardTest", action: .rollback, labels: [TextPair("severity", "warning")],
            annotations: [TextPair("summary", "TEST; nothing has happened")], activeSinceWallMs: sinceWallMs,
            evidence: evidence)
    }
}

extension Notification.Event {
    fileprivate var isOfRollout: Bool {
        rawValue.hasPrefix("rollout") || rawValue.hasPrefix("step") || rawValue.hasPrefix("gate")
            || self == .rolloutBaking
            || self == .shareMoved
    }
}
