import Model

/// What a receiver gets belongs to a durable entry, is the same at each try under the same id, and does not come again
/// once the outbox has it settled.
struct DeliveryChecker {
    private var settled: Set<String> = []
    private var got: [String: Notification] = [:]

    mutating func settled(_ id: String) { settled.insert(id) }

    mutating func received(_ delivery: Delivery, disk: VirtualDisk) -> String? {
        let notification = delivery.notification
        guard let entry = disk.entries.first(where: { $0.sequence == notification.sequence }) else {
            return "\(delivery.id) is delivered, and entry \(notification.sequence) is not durable"
        }
        guard entry.event.announcement == notification.event, entry.release == notification.release else {
            return "\(delivery.id) reports \(notification.event.rawValue), which its entry does not"
        }
        guard delivery.id == "\(disk.identity)-\(notification.sequence)-\(delivery.receiver)" else {
            return "\(delivery.id) is not the id of entry \(notification.sequence) for \(delivery.receiver)"
        }
        if settled.contains(delivery.id) { return "\(delivery.id) is delivered again after it was settled" }
        if let before = got[delivery.id], before != notification { return "\(delivery.id) has changed between tries" }
        got[delivery.id] = notification
        return nil
    }
}
