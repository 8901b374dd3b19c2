import Model
import Synchronization

/// Which part of the configuration this member of a fleet watches.
final class FleetSelection: Sendable {
    private struct State {
        var map: FleetMap
        var watched: Set<Int>
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

    /// - Returns: the part of the configuration that is watched.
    func part(of plan: Plan) -> Plan {
        let watched = watched
        return FleetMap(plan, count: map.count).part(of: plan, shards: watched)
    }

    /// Another configuration is in force.
    func take(_ plan: Plan) {
        let next = FleetMap(plan, count: map.count)
        state.withLock { $0.map = next }
    }

    func watch(_ shards: Set<Int>) { state.withLock { $0.watched = shards } }
}
