import ConfigurationFiles
import Daemon
import Declarations
import Model

/// The plan in the configuration's files.
struct ConfigurationFile: PlanSource {
    let path: String
    /// See `Rulebook.load`.
    var allowsLoopbackChanges = false

    func load() throws(InvalidConfiguration) -> Plan { try load(centre: nil) }

    func load(centre: CentreState?) throws(InvalidConfiguration) -> Plan {
        let result = Rulebook.load(
            configuration: path, files: DiskFiles(), kinds: .all, centre: centre,
            allowsLoopbackChanges: allowsLoopbackChanges)
        guard var plan = result.plan else { throw InvalidConfiguration(result.errors.map(\.description)) }
        // `check` refuses the first of these, and warns of the others. A daemon starts all the same, so that an update leaves no release unwatched.
        let remarks = result.impossible + result.warnings
        for index in plan.releases.indices {
            let name = plan.releases[index].name
            plan.releases[index].remarks = remarks.filter { $0.release == nil || $0.release == name }
                .map { "\($0.file):\($0.line):\($0.column): \($0.text)" }
        }
        return plan
    }
}
