import Model
import Testing

@testable import Daemon

/// What waits for the store.
struct ReplicaQueueTests {
    private static func entry(_ sequence: UInt64) -> JournalEntry {
        JournalEntry(
            sequence: sequence, wallMs: 0, release: "checkout", incident: "checkout-v2-\(sequence)",
            event: .acknowledged)
    }

    /// The oldest one had to make room while it was written: the one after it is not written yet.
    @Test func theRollbackThatWasWrittenIsRemovedAndNoOther() throws {
        let queue = ReplicaQueue()
        for sequence in 1...1_000 { queue.announce(Self.entry(UInt64(sequence))) }
        let written = try #require(queue.firstRollback)
        queue.announce(Self.entry(1_001))
        queue.remove(written)
        #expect(queue.firstRollback == Self.entry(2))
        queue.remove(Self.entry(2))
        #expect(queue.firstRollback == Self.entry(3))
    }

    @Test func oneWritesAfterTheOther() async {
        let (queue, order) = (ReplicaQueue(), FleetNode.Names())
        await queue.takeTurn()
        let second = Task {
            await queue.takeTurn()
            order.all.append("second")
            queue.endTurn()
        }
        for _ in 0..<1_000 { await Task.yield() }
        order.all.append("first")
        queue.endTurn()
        await second.value
        await queue.takeTurn()
        #expect(order.all == ["first", "second"])
        queue.endTurn()
    }

    /// It belongs to a lead that is being given back, until it is written.
    @Test func deliveriesAreKnownByTheirReleases() {
        let queue = ReplicaQueue()
        queue.delivered("a-1", release: "checkout")
        #expect(queue.releasesOfSent == ["checkout"] && queue.unwritten.isEmpty)
        _ = queue.takeSent()
        #expect(queue.releasesOfSent.isEmpty)
    }
}
