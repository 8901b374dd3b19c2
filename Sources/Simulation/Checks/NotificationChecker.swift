import Model

/// Each notification is in every receiver's outbox in the same commit as the entry that says so: a crash cannot
/// come between the two.
enum NotificationChecker {
    static func becameDurable(_ batch: JournalBatch, receivers: [ReceiverPlan]) -> String? {
        for entry in batch.entries {
            guard let event = entry.event.announcement else { continue }
            for receiver in receivers where receiver.sendsResolved || !event.isResolution {
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
}
