import Model
import PlanSteps
import Synchronization

/// The configuration with the targets that it has now, for parts that are made before the watchdog, which knows it.
final class CurrentPlan: Sendable {
    private let source = Mutex<(@Sendable () async -> Plan)?>(nil)

    func read(by plan: @escaping @Sendable () async -> Plan) { source.withLock { $0 = plan } }

    /// Those that the release has at this moment; nil for an unknown one.
    func targets(of name: String) async -> StepTargets? {
        guard let plan = source.withLock({ $0 }) else { return nil }
        return await plan().releases.first { $0.name == name }.map { release in
            StepTargets(
                targets: [.baseline: release.baseline.targets, .canary: release.canary.targets],
                security: release.scrape.security)
        }
    }
}
