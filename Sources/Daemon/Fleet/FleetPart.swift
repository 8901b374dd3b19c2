import Leases
import Model

/// What the service of a fleet's member asks of its daemon.
struct FleetSurroundings: Sendable {
    /// What is watched, for all parts of the daemon.
    let selection: FleetSelection
    let note: FleetNote
    /// Watches these shards and no others.
    ///
    /// - Returns: false when they could not be taken in; the ones before are watched then.
    let watch: @Sendable (Set<Int>) async -> Bool
    /// Those of these releases with a rollback that is under way, or that the other members do not know yet.
    let rollbacks: @Sendable ([String]) async -> [String]
    /// How many targets each watched release has now.
    let targets: @Sendable () async -> [String: Int]
}

/// The part of a replica in its fleet.
struct FleetPart: Sendable {
    let plan: FleetPlan
    let startedUptimeMs: Int64
    /// Where changes of what is wanted are announced.
    let signals: AsyncStream<Void>
    private let continuation: AsyncStream<Void>.Continuation
    private let indices: [String: Int]
    /// A reload of all members takes no longer, as a rule: until then a member says that it is ready for a shard without the
    /// releases that another configuration moves there.
    private static let reloadMs: Int64 = 60_000

    var desk: FleetDesk
    var coordinator = FleetCoordinator()
    var readiness = FleetReadiness()
    /// Nil before the first was read.
    var assignment: FleetAssignmentDocument?
    /// Shards that came to another member.
    var moves = 0
    /// Shards whose releases are in the kernel.
    var taken: Set<Int>
    /// The shards to watch; nil before anything was found out.
    var wanted: Set<Int>?
    /// Scopes whose leads the kernel was not given, because it has no release of theirs.
    var withheld: Set<String> = []
    /// Scopes that are being given back.
    var resigning: Set<String> = []
    /// The store has been read in this run.
    var hasView = false
    /// What the last run watched is known.
    let hasNote: Bool
    /// Why this member takes no part.
    var problem: String?
    /// What the store was last given.
    var status: FleetStatus?
    /// Of shards that a reload has added.
    private var keptUntil: [Int: Int64] = [:]
    /// By shard: targets of those that watch it.
    var targets: [Int: Int] = [:]

    init(_ surroundings: FleetSurroundings, _ replica: ReplicasPlan, startedUptimeMs: Int64) {
        let plan = replica.fleet ?? FleetPlan()
        self.plan = plan
        self.startedUptimeMs = startedUptimeMs
        (signals, continuation) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
        indices = Dictionary(uniqueKeysWithValues: (0..<plan.shards).map { (LeaseScope.shard($0), $0) })
        desk = FleetDesk(name: replica.name, count: plan.shards)
        taken = surroundings.selection.watched
        hasNote = surroundings.note.watched(of: plan.shards) != nil
    }

    var scopes: [String] { (0..<plan.shards).map(LeaseScope.shard) }

    /// Nil for the lead of the coordinator.
    func shard(of scope: String) -> Int? { indices[scope] }

    /// Shards that a reload has added stay watched until the other members have had the time to gather evidence of their new releases.
    mutating func take(added selection: FleetSelection, atUptimeMs now: Int64) {
        let added = selection.takeAdded()
        guard !added.isEmpty else { return }
        taken.formUnion(added.intersection(selection.watched))
        wanted?.formUnion(added)
        let map = selection.map
        for shard in added {
            let warmMs = map.releases[shard].compactMap { map.warmMs[$0] }.max() ?? 0
            keptUntil[shard] = now + warmMs + FleetPart.reloadMs
        }
    }

    /// Shards that stay watched for a while, whatever the other members say.
    func kept(atUptimeMs now: Int64) -> Set<Int> { Set(keptUntil.filter { now < $0.value }.keys) }

    mutating func want(_ shards: Set<Int>) {
        guard shards != wanted else { return }
        wanted = shards
        continuation.yield()
    }
}
