import Model
import Synchronization

/// Which part of the configuration this member of a fleet watches.
final class FleetSelection: Sendable {
    private struct State {
        var map: FleetMap
        var watched: Set<Int>
        /// What a reload has added to them, until the service has taken note of it.
        var added: Set<Int> = []
    }

    private let state: Mutex<State>

    init(_ plan: Plan, count: Int, watched: Set<Int>) {
        state = Mutex(State(map: FleetMap(plan, count: count), watched: watched.filter { $0 < count }))
    }

    var map: FleetMap { state.withLock { $0.map } }

    var watched: Set<Int> { state.withLock { $0.watched } }

    /// The scope of the lead of a release.
    func scope(of release: String) -> String { state.withLock { $0.map.shards.scope(of: release) } }

    func isWatched(_ release: String) -> Bool {
        state.withLock { $0.watched.contains($0.map.shards.shard(of: release)) }
    }

    /// - Parameter added: shards that are watched beside the present ones.
    /// - Returns: the part of the configuration that is watched.
    func part(of plan: Plan, adding added: Set<Int> = []) -> Plan {
        let watched = self.watched.union(added)
        return FleetMap(plan, count: map.count).part(of: plan, shards: watched)
    }

    /// The shards in which another configuration has releases that are watched now, as far as they are not watched yet: a release that
    /// moves there with its new group or unit would be without a member that watches it.
    func added(by plan: Plan) -> Set<Int> {
        let (map, watched) = state.withLock { ($0.map, $0.watched) }
        let shards = FleetShards(count: map.count, plan: plan)
        let names = Set(watched.flatMap { map.releases[$0] })
        let next = plan.releases.filter { names.contains($0.name) }.map { shards.shard(of: $0.name) }
        return Set(next).subtracting(watched)
    }

    /// Another configuration is in force.
    func take(_ plan: Plan, adding added: Set<Int> = []) {
        let next = FleetMap(plan, count: map.count)
        state.withLock { state in
            state.map = next
            state.watched.formUnion(added)
            state.added.formUnion(added)
        }
    }

    /// Shards were added that the service has not taken note of.
    var hasAdded: Bool { state.withLock { !$0.added.isEmpty } }

    func takeAdded() -> Set<Int> {
        state.withLock { state in
            defer { state.added = [] }
            return state.added
        }
    }

    func watch(_ shards: Set<Int>) { state.withLock { $0.watched = shards } }
}
