import Bench
import Model

@testable import Daemon

/// Releases with one rule each.
enum FleetFixture {
    /// The rule's window and `for`.
    static let warmMs: Int64 = 12_000

    static func plan(_ names: [String]) -> Plan {
        Plan(daemon: DaemonPlan(stateDirectory: "/nowhere"), releases: names.map(release))
    }

    private static func release(_ name: String) -> ReleasePlan {
        func pool(_ version: String, _ port: Int) -> PoolPlan {
            let instance = "\(name).example:\(port)"
            return PoolPlan(
                version: version, targets: [TargetPlan(instance: instance, url: "http://\(instance)/metrics")])
        }
        var rule = BusyKernel.rule(0, windowMs: warmMs - 2_000)
        if case .threshold(var threshold) = rule.test {
            threshold.forMs = 2_000
            rule.test = .threshold(threshold)
        }
        return ReleasePlan(
            name: name, baseline: pool("v1", 1), canary: pool("v2", 2), indicators: BusyKernel.watch,
            router: BusyKernel.router, rules: [rule])
    }
}
