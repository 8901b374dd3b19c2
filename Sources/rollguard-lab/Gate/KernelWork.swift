import Bench

/// A hundred targets report: their increments go into the pools' windows, and the windows get their rows.
final class WindowUpdates: Work {
    private var busy = BusyKernel(
        rules: [BusyKernel.rule(0, windowMs: 60_000)], targets: 100, reading: BusyKernel.busyReading)

    override init() {
        super.init()
        busy.cycle(70)
    }

    override var result: String { "watching: \(busy.isWatching), conclusive: \(busy.conclusiveRules)" }

    override func run() { busy.cycle(20) }
}

/// A thousand rules are judged, over windows of five lengths, half of them on a percentile.
final class RuleEvaluations: Work {
    private var busy = BusyKernel(
        rules: (0..<1_000).map { BusyKernel.rule($0, windowMs: [10, 30, 60, 300, 600][$0 % 5] * 1_000) }, targets: 2,
        reading: BusyKernel.busyReading)

    override init() {
        super.init()
        busy.cycle(20)
    }

    override var result: String { "watching: \(busy.isWatching), conclusive: \(busy.conclusiveRules)" }

    override func run() {
        for _ in 0..<10 {
            busy.pass()
            busy.report()
            busy.judge()
        }
    }
}
