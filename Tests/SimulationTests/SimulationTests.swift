import Testing

@testable import Simulation

/// Whole lives of the daemon, drawn from a seed.
@Suite("A simulated life")
struct SimulationTests {
    /// Ten seeds per row, so that the rows can run beside each other.
    @Test(arguments: 0..<20)
    func passesEveryCheck(_ row: Int) {
        for seed in UInt64(row * 10 + 1)...UInt64(row * 10 + 10) {
            let report = Simulation.run(seed: seed)
            #expect(report.failure == nil, "\(report.summary)")
        }
    }

    @Test(arguments: [UInt64](1...12))
    func goesTheSameWayTwice(_ seed: UInt64) {
        var first: [String] = []
        var second: [String] = []
        let one = Simulation.run(seed: seed) { first.append($0) }
        let two = Simulation.run(seed: seed) { second.append($0) }
        #expect(one.digest == two.digest)
        #expect(one.steps == two.steps)
        #expect(first == second)
    }

    @Test func goesAnotherWayWithAnotherSeed() {
        let digests = (1...20).map { Simulation.run(seed: $0).digest }
        #expect(Set(digests).count == digests.count)
    }

    /// A world in which nothing ever happens would pass every check.
    @Test func livesThroughEverythingThatMatters() {
        var seen: [String: Int] = [:]
        let marks = [
            "acknowledged", "acted before durable", "abandoned", "drifted", "rearmed", "held: the baseline breaches",
            "ended promoted", "ended withdrawn", "ended replaced", "a crash between two effects", "dry run",
            "no space left", "put back to", "resolved",
        ]
        for seed in UInt64(1)...150 {
            _ = Simulation.run(seed: seed) { line in
                for mark in marks where line.contains(mark) { seen[mark, default: 0] += 1 }
            }
        }
        for mark in marks { #expect(seen[mark, default: 0] > 0, "never seen: \(mark)") }
    }
}
