/// A piece of work that has been prepared. A class, so that the call inside `measuredWork` stays a call.
class Work {
    /// Says that the work was done, and keeps the optimizer from leaving it out.
    var result: String { "" }
    func run() {}
}

/// What the gate counts.
struct Workload: Sendable {
    let name: String
    let prepare: @Sendable () -> Work

    static let all = [
        Workload(name: "reader-first-body") { FirstBodies() },
        Workload(name: "reader-next-body") { NextBodies() },
        Workload(name: "window-update") { WindowUpdates() },
        Workload(name: "rule-evaluation") { RuleEvaluations() },
        Workload(name: "regression-step") { RegressionSteps() },
    ]
}
