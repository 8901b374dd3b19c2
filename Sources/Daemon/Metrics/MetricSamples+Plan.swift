import Model
import Telemetry

/// The samples of the plan of a release's newest rollback.
extension MetricSamples {
    mutating func add(_ procedure: ProcedureSnapshot, of release: String) {
        let steps = procedure.run?.steps ?? []
        for state in ProcedureRun.State.allCases {
            add(.planSteps, [release, state.rawValue], Double(steps.count { $0.state == state }))
        }
        let runs = [procedure.run, procedure.forward?.run].compactMap { $0 }
        add(.plansStuck, [release], Double(runs.count(where: \.isStuck)))
    }
}
