import Model

/// Each notification is in every receiver's outbox in the same commit as the entry that says so: a crash cannot
/// come between the two.
enum NotificationChecker {
    static func becameDurable(_ batch: JournalBatch, receivers: [ReceiverPlan]) -> String? {
        for entry in batch.entries where !isReportedForAnotherPart(entry, batch) {
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

    /// What all parts of a unit do together is reported once.
    private static func isReportedForAnotherPart(_ entry: JournalEntry, _ batch: JournalBatch) -> Bool {
        guard case .rollout(let id, let event) = entry.event, event.isOfUnit else { return false }
        return batch.entries.contains { other in
            guard other.sequence < entry.sequence, other.release != entry.release,
                case .rollout(id, let same) = other.event
            else { return false }
            return same.name == event.name && same.text == event.text
        }
    }
}
