import Leases
import Model

@testable import Kernel

/// One member of a fleet: a kernel that watches some shards, and what its service knows.
struct FleetNode {
    /// Defects that the laws have to find.
    enum Defect: Sendable {
        /// It acts on a release that came to it although it did not take in what was handed over.
        case actsBeforeTheHandover
        /// It acts after it gave a lead back.
        case actsAfterItLetGo
        /// It gives a lead back, and stops watching, before the next member has a full window.
        case givesBackAtOnce
    }

    let name: String
    var kernel: Kernel
    var tenure = LeaseTenure(ttlMs: FleetWorld.ttlMs)
    var session: Int?
    /// In the store: tokens by scope.
    var holds: [String: UInt64] = [:]
    var leaderships: [String: Leadership] = [:]
    var cursor: UInt64 = 0
    var watched: Set<Int> = []
    /// By its own clock.
    var watchedSinceMs: [Int: Int64] = [:]
    var vacantSinceMs: [Int: Int64] = [:]
    /// Of the coordinator: rounds in which it saw a member.
    var rounds: [String: Int] = [:]
    var isAlive = true
    var isPaused = false
    var reachesStore = true
    var isClockStopped = false
    /// When its clock was stopped last, by the world's clock.
    var stoppedClockMs: Int64 = .min / 2
    /// Its monotonic clock is this much behind.
    var clockLagMs: Int64 = 0
    var journal: [JournalEntry] = []
    var deliveries: [Delivery] = []
    var pending: [HandoverDocument] = []
    var announced: [JournalEntry] = []

    /// - Parameter watched: what it watched before a restart, as its disk says.
    init(
        _ name: String, plan: Plan, shards: FleetShards, watched: Set<Int> = [], at now: Moment,
        journal: [JournalEntry] = []
    ) {
        self.name = name
        self.journal = journal
        self.watched = watched
        for shard in watched { watchedSinceMs[shard] = now.uptimeMs }
        var part = plan
        part.releases.removeAll { !watched.contains(shards.shard(of: $0.name)) }
        kernel = Kernel(
            plan: part, replaying: journal, journalIdentity: name, seed: 7,
            replica: ReplicaIdentity(name: name, group: "test", shards: shards), at: now)
    }

    var runs: Bool { isAlive && !isPaused }

    func ready(atUptimeMs now: Int64) -> Set<Int> {
        watched.filter { now - (watchedSinceMs[$0] ?? now) >= FleetWorld.warmMs }
    }
}
