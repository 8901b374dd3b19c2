import Daemon
import Model

/// The world's files with what one machine adds to them: which replica it is.
struct MachineFiles: PlanSource {
    let files: VirtualFiles
    /// Nil for one daemon alone.
    let replica: ReplicasPlan?
    /// The configuration's texts are in a centre.
    let isInCentre: Bool

    var plan: Plan { with(files.plan) }

    func load() throws(InvalidConfiguration) -> Plan { with(try files.load()) }

    func load(centre: CentreState?) throws(InvalidConfiguration) -> Plan {
        isInCentre ? try files.load(centre: centre) : try load()
    }

    private func with(_ plan: Plan) -> Plan {
        guard let replica else { return plan }
        var plan = plan
        plan.replicas = replica
        return plan
    }
}
