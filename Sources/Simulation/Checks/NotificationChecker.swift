import Model

/// Each notification is in every receiver's outbox in the same commit as the entry that says so: a crash cannot
/// come between the two.
enum NotificationChecker {
    static func becameDurable(_ batch: JournalBatch, receivers: [ReceiverPlan]) -> String? {
        for entry in batch.entries where isReported(entry.event) {
            for receiver in receivers where receiver.sendsResolved || !isResolution(entry.event) {
                let isThere = batch.deliveries.contains {
                    $0.receiver == receiver.name && $0.notification.sequence == entry.sequence
                }
                if !isThere {
                    return "\(receiver.name) is not notified of entry \(entry.sequence), \(entry.event.name)"
                }
            }
        }
        return nil
    }

    private static func isResolution(_ event: JournalEvent) -> Bool {
        if case .alertResolved = event { return true }
        return event == .routerUsable
    }

    private static func isReported(_ event: JournalEvent) -> Bool {
        switch event {
        case .alertFiring, .alertResolved, .held, .intended, .acknowledged, .abandoned, .fallback, .drifted, .strayed,
            .driftHeld, .rearmed, .routerUnusable, .routerUsable:
            true
        case .draining(let record): record.isHeld
        case .began, .ended, .actedBeforeDurable, .applied, .observed, .provenByTraffic, .unproven, .driftOverruled,
            .evidence, .pending, .unreadable:
            false
        }
    }
}
