import Model

/// What a receiver gets belongs to a durable entry, is the same at each try under the same id, and does not come again
/// once the outbox has it settled. While the disk takes nothing, an entry that waits for it is enough.
struct DeliveryChecker {
    private var settled: Set<String> = []
    private var got: [String: Notification] = [:]

    mutating func settled(_ id: String) { settled.insert(id) }

    /// What was delivered from memory and never became durable is forgotten with the process.
    mutating func restarted(_ entries: [JournalEntry]) {
        let last = entries.last?.sequence ?? 0
        got = got.filter { $0.value.sequence <= last }
    }

    /// - Parameters:
    ///   - unsaved: the entry behind it, when it was sent from memory because the disk took nothing.
    ///   - isOfThisLife: false when the process that sent it has died since, with what it had not saved.
    mutating func received(
        _ delivery: Delivery, disk: VirtualDisk, unsaved: JournalEntry?, isOfThisLife: Bool
    ) -> String? {
        let notification = delivery.notification
        guard let entry = unsaved ?? disk.entries.last(where: { $0.sequence == notification.sequence }) else {
            return "\(delivery.id) is delivered, and entry \(notification.sequence) is not durable"
        }
        guard entry.event.announcement == notification.event, isAbout(entry, notification) else {
            return "\(delivery.id) reports \(notification.event.rawValue), which its entry does not"
        }
        guard delivery.id == "\(disk.identity)-\(notification.sequence)-\(delivery.receiver)" else {
            return "\(delivery.id) is not the id of entry \(notification.sequence) for \(delivery.receiver)"
        }
        if unsaved != nil, !isOfThisLife { return nil }
        if settled.contains(delivery.id) { return "\(delivery.id) is delivered again after it was settled" }
        if let before = got[delivery.id], before != notification { return "\(delivery.id) has changed between tries" }
        got[delivery.id] = notification
        return nil
    }

    /// What happens to the rollout of a unit is reported under the unit's name, which begins those of its parts.
    private func isAbout(_ entry: JournalEntry, _ notification: Notification) -> Bool {
        if entry.release == notification.release { return true }
        return notification.rollout != nil && entry.release.hasPrefix("\(notification.release).")
    }
}
