import Model
import Telemetry

/// The samples of the replicas.
extension MetricSamples {
    mutating func add(_ report: ReplicasReport) {
        add(.replicaLeads, [], report.leaseLeftMs.map { $0 > 0 ? 1 : 0 } ?? 0)
        add(.replicaLeaderKnown, [], report.leader == nil ? 0 : 1)
        add(.replicas, [], Double(report.replicas.count))
        add(.replicaToken, [], Double(report.token))
        add(.replicaStoreUsable, [], report.problem == nil ? 1 : 0)
    }

    mutating func add(_ fleet: FleetReport) {
        add(.fleetMembers, [], Double(fleet.members.count))
        for state in FleetReport.State.allCases {
            let shards = fleet.shards.count { $0.state == state && !$0.releases.isEmpty }
            add(.fleetShards, [state.rawValue], Double(shards))
        }
        add(.fleetMoves, [], Double(fleet.moves))
        add(.fleetOverloaded, [], fleet.isOverloaded ? 1 : 0)
    }
}
