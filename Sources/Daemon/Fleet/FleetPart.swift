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

    mutating func want(_ shards: Set<Int>) {
        guard shards != wanted else { return }
        wanted = shards
        continuation.yield()
    }
}
