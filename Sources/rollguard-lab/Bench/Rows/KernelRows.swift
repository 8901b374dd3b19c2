import Bench

/// What the kernel alone needs, in virtual time, so that windows of hours can be full.
struct KernelFigure: Sendable, Codable, Equatable {
    var rules: Int
    var windowSeconds: Int
    /// In both pools together.
    var targets: Int
    /// CPU microseconds of one evaluation of all rules.
    var judgeUs: Double
    /// CPU microseconds of one target's report.
    var reportUs: Double
    /// Resident bytes that the full windows of both pools took.
    var windowBytes: Int

    var rulesPerMs: Double { Double(rules) / judgeUs * 1_000 }
}

struct KernelRows {
    let schedule: Schedule

    func rules() -> [KernelFigure] { schedule.ruleCounts.map { measure(rules: $0, windowSeconds: 60) } }
    func windows() -> [KernelFigure] { schedule.windowSeconds.map { measure(rules: 100, windowSeconds: $0) } }
    /// Fleets that no machine here could play.
    func targets() -> [KernelFigure] {
        schedule.kernelTargets.map { measure(rules: 100, windowSeconds: 60, targets: $0) }
    }

    private func measure(rules: Int, windowSeconds: Int, targets: Int = 20) -> KernelFigure {
        let before = Stopwatch.residentBytes
        var busy = BusyKernel(
            rules: (0..<rules).map { BusyKernel.rule($0, windowMs: Int64(windowSeconds) * 1_000) }, targets: targets,
            reading: BusyKernel.busyReading)
        // Until the window is full. Many rules over a long window would take minutes here, and change nothing.
        busy.cycle(windowSeconds + 10)
        precondition(busy.conclusiveRules == rules, "every rule has a verdict")
        let bytes = Stopwatch.residentBytes - before
        let rounds = max(3, 5_000 / rules / (targets / 20))
        let cycle = Stopwatch.best(of: 3) { busy.cycle(rounds) } / Double(rounds)
        let reportRounds = max(3, 4_000 / targets)
        let reports = Stopwatch.best(of: 3) { for _ in 0..<reportRounds { busy.report() } } / Double(reportRounds)
        return KernelFigure(
            rules: rules, windowSeconds: windowSeconds, targets: targets, judgeUs: max(0, cycle - reports) * 1e6,
            reportUs: reports / Double(targets) * 1e6, windowBytes: bytes)
    }
}
