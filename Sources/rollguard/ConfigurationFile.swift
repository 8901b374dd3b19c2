import Daemon
import ReleaseKernel
import Rulebook

/// The plan in the configuration's files.
struct ConfigurationFile: PlanSource {
    let path: String

    func load() throws(PlanMistakes) -> Plan {
        let result = Rulebook.load(configuration: path, files: DiskFiles())
        guard let plan = result.plan else { throw PlanMistakes(result.mistakes.map(\.description)) }
        return plan
    }
}
