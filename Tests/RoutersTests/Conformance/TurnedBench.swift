import Model
import RouterConformance

extension BenchKind {
    /// The same router spoken to with turned roles: everything that the bench says of the settings' canary side is said of
    /// the other one.
    var turned: BenchKind {
        let direct = run
        // The benches can take the settings' baseline down, which is the canary now.
        return BenchKind(
            name: name + ", turned", isInstalled: isInstalled,
            cannotCheck: cannotCheck.union([.aDeadBaselineIsReported])
        ) { work in
            try await TestedAim.$current.withValue(.turned) {
                try await direct { bench in try await work(bench.turned) }
            }
        }
    }
}

extension RouterBench {
    fileprivate var turned: RouterBench {
        var bench = self
        bench.shippedBasisPoints = 10_000 - shippedBasisPoints
        let (held, tamper, history) = (held, tamper, history)
        bench.held = { instance in 10_000 - (try await held(instance)) }
        if let tamper { bench.tamper = { instance, points in try await tamper(instance, 10_000 - points) } }
        if let history { bench.history = { await history().map { (baseline: $0.canary, canary: $0.baseline) } } }
        bench.moods = moods.filter { $0 != .baselineDown }
        return bench
    }
}
