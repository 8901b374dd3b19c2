import Model
import Ports

/// The part of the outbox that is in memory alone: notifications whose entry is not on the disk yet, and what became of
/// notifications while the disk took nothing. A value, for ``DegradableJournal`` to guard.
struct UnsavedDeliveries {
    enum Settlement: Sendable, Equatable {
        case delivered(atWallMs: Int64)
        case dead(reason: String, atWallMs: Int64)
    }

    /// More wait on the disk alone, and are delivered when it works again.
    private static let limit = 10_000

    /// In their order. Nothing is delivered from here while the disk works.
    private var queue: [WaitingDelivery] = []
    private(set) var settled: [String: Settlement] = [:]

    /// What the disk held already when it was found unwritable.
    mutating func carry(_ deliveries: [Delivery]) {
        queue += deliveries.map { WaitingDelivery(delivery: $0, nextTryWallMs: 0) }
    }

    mutating func expect(_ deliveries: [Delivery]) {
        guard queue.count + deliveries.count <= Self.limit else { return }
        queue += deliveries.map { WaitingDelivery(delivery: $0, nextTryWallMs: 0) }
    }

    /// They are on the disk now.
    mutating func saved(_ deliveries: [Delivery]) {
        let ids = Set(deliveries.map(\.id))
        guard !ids.isEmpty else { return }
        queue.removeAll { ids.contains($0.delivery.id) }
    }

    mutating func savedAll() { queue = [] }

    var settledIds: Set<String> { Set(settled.keys) }

    var receivers: Set<String> { Set(open.map(\.delivery.receiver)) }

    /// - Parameter passing: ids of deliveries that are passed over.
    func head(receiver: String, passing: Set<String> = []) -> WaitingDelivery? {
        open.first { $0.delivery.receiver == receiver && !passing.contains($0.delivery.id) }
    }

    func contains(_ id: String) -> Bool { queue.contains { $0.delivery.id == id } }

    var queues: [ReceiverQueue] {
        receivers.sorted().map { name in
            ReceiverQueue(
                receiver: name, waiting: open.count { $0.delivery.receiver == name }, dead: 0,
                head: head(receiver: name))
        }
    }

    /// False when there is no room to remember it.
    mutating func settle(_ id: String, _ settlement: Settlement) -> Bool {
        guard settled.count < Self.limit else { return false }
        settled[id] = settlement
        return true
    }

    mutating func forgetSettlement(_ id: String) { settled[id] = nil }

    mutating func failed(_ id: String, reason: String, nextTryWallMs: Int64) {
        guard let index = queue.firstIndex(where: { $0.delivery.id == id }) else { return }
        queue[index].delivery.attempt += 1
        queue[index].reason = reason
        queue[index].nextTryWallMs = nextTryWallMs
    }

    private var open: [WaitingDelivery] { queue.filter { settled[$0.delivery.id] == nil } }
}
