import Foundation
import Leases
import Logging
import Model
import Notifications
import Testing

@testable import Daemon

/// The service of plain replicas over a store in memory, in virtual time.
struct ReplicaServiceTests {
    /// A replica without a daemon.
    private struct Replica {
        let name: String
        let clock: FleetClock
        let store: MemoryLeaseStore
        let board = ReplicaBoard()
        let queue = ReplicaQueue()
        let inputs = FleetNode.Inputs()
        let service: ReplicaService

        /// - Parameters:
        ///   - revision: of the centre's manifest in force.
        ///   - isBraked: an operator keeps it at that one.
        init(_ name: String, _ leases: MemoryLeases, revision: Int64? = nil, isBraked: Bool = false) {
            (self.name, clock, store) = (name, leases.clock, MemoryLeaseStore(leases))
            let inputs = inputs
            service = ReplicaService(
                plan: ReplicasPlan(name: name, ttlMs: 10_000, store: .file(FileLeasePlan())), store: store,
                files: HandoverFiles(stateDirectory: "/nowhere"), shelf: HandoverShelf(),
                send: { inputs.add($0) }, queue: queue, clock: leases.clock, board: board,
                logger: Logger(label: "replica", factory: { _ in SwiftLogNoOpLogHandler() }),
                facts: .init(
                    version: "1", address: nil, manifestRevision: { revision }, isBraked: { isBraked }))
        }

        /// One round of its session.
        func round() async { await service.keepSessionOnce() }

        /// As its kernel knows it.
        var leads: Bool {
            var last = Leadership()
            for case .leadership(let next) in inputs.all { last = next }
            return last.isHeld && clock.now.uptimeMs < last.untilUptimeMs
        }

        /// What becomes of a new notification in its outbox.
        func permit(_ id: String, of scope: String = LeaseScope.leader) -> DeliveryPermit {
            board.permit(
                id, of: scope, ageMs: 0, keptMs: 20_000, aloneAfterMs: 20_000, startedUptimeMs: clock.now.uptimeMs,
                nowUptimeMs: clock.now.uptimeMs)
        }
    }

    // MARK: Who leads

    /// `config use`, `unpin` and `detach` keep a host at an older configuration: it leaves the lead to a replica with a newer one. One
    /// that follows the centre keeps it, because it has the newer one in a moment.
    @Test(arguments: [(true, 1, 2), (false, 1, 2), (true, 2, 2), (true, 3, 2)] as [(Bool, Int64, Int64)])
    func aBrakedLeaderYieldsToANewerConfiguration(_ isBraked: Bool, _ own: Int64, _ other: Int64) async {
        let leases = MemoryLeases(FleetClock())
        let first = Replica("rg-1", leases, revision: own, isBraked: isBraked)
        await first.round()
        #expect(first.leads)
        let second = Replica("rg-2", leases, revision: other)
        await second.round()
        let yields = isBraked && own < other
        // It says so to its kernel before the other one can lead.
        await first.round()
        #expect(first.leads == !yields && !second.leads)
        let stored = leases.with { $0.leads[LeaseScope.leader]?.session }
        #expect((stored == nil) == yields)
        for _ in 0..<20 {
            await second.round()
            await first.round()
            #expect(first.leads == !yields && second.leads == yields)
            leases.clock.pass(ms: 1_000)
        }
    }

    // MARK: What the others hand over

    private static func document(_ token: UInt64, isEmpty: Bool = false) -> HandoverDocument {
        let entry = JournalEntry(
            sequence: 1, wallMs: 0, release: "checkout", incident: nil, event: .rearmed(by: "ada", reason: "because"))
        return HandoverDocument(
            release: "checkout", token: token, through: 1, ordinal: 0, entries: isEmpty ? [] : [entry])
    }

    /// While its kernel leads, a replica takes nothing from others: one that was at rest with its clock stops first.
    @Test func aLostLeadEndsBeforeDocumentsAreRead() async throws {
        let leases = MemoryLeases(FleetClock())
        let (first, second) = (Replica("rg-1", leases), Replica("rg-2", leases))
        await first.round()
        await second.round()
        #expect(first.leads)
        leases.with { $0.leads[LeaseScope.leader] = nil }
        await second.round()
        #expect(first.leads && second.leads, "the first one has not heard of it yet")
        second.queue.publish(Self.document(100))
        #expect(await second.service.flush())
        await first.round()
        let kinds = first.inputs.all.compactMap { input -> String? in
            switch input {
            case .leadership(let next): next.isHeld ? "leads" : "does not lead"
            case .handedOver: "document"
            default: nil
            }
        }
        #expect(kinds.prefix(3) == ["leads", "does not lead", "document"], "\(kinds)")
    }

    /// A store that lost everything, and a leader that has never known the release.
    @Test func whatTheStoreHasLostIsOffered() async throws {
        let leases = MemoryLeases(FleetClock())
        let (first, second) = (Replica("rg-1", leases), Replica("rg-2", leases))
        await first.round()
        first.queue.publish(Self.document(7))
        #expect(await first.service.flush())
        leases.with { ($0.documents, $0.leads) = ([:], [:]) }
        await second.round()
        await first.round()
        #expect(second.leads)
        second.queue.publish(Self.document(100, isEmpty: true))
        #expect(await second.service.flush())
        await first.round()
        #expect(await first.service.flush())
        await second.round()
        let offered = second.inputs.all.compactMap { input -> HandoverDocument? in
            if case .handedOver(let document) = input, !document.entries.isEmpty { document } else { nil }
        }
        #expect(offered.first?.entries == Self.document(7).entries)
        second.queue.publish(Self.document(100))
        #expect(await second.service.flush())
        #expect(leases.with { $0.documents["offer/checkout"] == nil })
    }

    // MARK: Which deliveries the others have made

    private static func list(_ ids: [String]) -> [UInt8] {
        var list = SentDeliveries()
        list.note(ids)
        return list.encoded()
    }

    /// What the leader has sent is dropped from the outboxes of the others.
    @Test func aDeliveryOfTheLeaderIsDroppedByTheOthers() async {
        let leases = MemoryLeases(FleetClock())
        let (first, second) = (Replica("rg-1", leases), Replica("rg-2", leases))
        await first.round()
        await second.round()
        #expect(second.permit("a-1") == .hold)
        first.queue.delivered("a-1", release: "checkout")
        let isWritten = await first.service.flush()
        #expect(isWritten)
        await second.round()
        #expect(second.permit("a-1") == .drop && second.permit("a-2") == .hold)
    }

    /// A replica that was alone has sent something itself, and could not write it yet.
    @Test func whatWasSentHereStaysKnownBesideTheLeadersList() async throws {
        let leases = MemoryLeases(FleetClock())
        let (first, second) = (Replica("rg-1", leases), Replica("rg-2", leases))
        await first.round()
        second.queue.delivered("own-1", release: "checkout")
        _ = await second.service.flush()
        _ = try await first.store.write(LeasePaths.sent, Self.list(["a-1"]), leading: nil)
        await second.round()
        #expect(second.permit("own-1") == .drop && second.permit("a-1") == .drop)
    }

    /// As many ids are remembered as a list has: those that were sent here long ago make room for the leader's.
    @Test func theLeadersNewestDeliveriesAreKept() async throws {
        let leases = MemoryLeases(FleetClock())
        let (first, second) = (Replica("rg-1", leases), Replica("rg-2", leases))
        await first.round()
        let newest = (0..<500).map { "a-\($0)" }
        for number in 0..<500 { second.queue.delivered("own-\(number)", release: "checkout") }
        _ = await second.service.flush()
        _ = try await first.store.write(LeasePaths.sent, Self.list(newest), leading: nil)
        await second.round()
        #expect(newest.allSatisfy { second.permit($0) == .drop })
        #expect(second.permit("own-0") == .hold)
    }

    /// A list that cannot be read takes nothing away, and each shard of a fleet has a list of its own.
    @Test func aListIsOfItsScopeAlone() async throws {
        let leases = MemoryLeases(FleetClock())
        let (first, second) = (Replica("rg-1", leases), Replica("rg-2", leases))
        await first.round()
        let shard = LeaseScope.shard(3)
        _ = try await first.store.write(LeasePaths.sent, Self.list(["a-1"]), leading: nil)
        _ = try await first.store.write(LeasePaths.sent(shard), Self.list(["b-1"]), leading: nil)
        await second.round()
        #expect(second.permit("a-1") == .drop && second.permit("b-1") == .hold)
        #expect(second.permit("b-1", of: shard) == .drop && second.permit("a-1", of: shard) != .drop)
        _ = try await first.store.write(LeasePaths.sent, Array("{".utf8), leading: nil)
        await second.round()
        #expect(second.permit("a-1") == .drop)
    }
}
