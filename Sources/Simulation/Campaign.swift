package import Support
import Synchronization

/// Many runs beside each other, reported in the order of their seeds.
package enum Campaign {
    /// Runs one seed after the other on several threads. A run's result does not depend on how many there are.
    ///
    /// - Parameters:
    ///   - seeds: is asked for the next seed; nil ends the campaign.
    ///   - bug: planted into each run.
    ///   - workers: runs at the same time, 1 or more.
    ///   - report: takes each run's report, in the order in which `seeds` gave them out, never two at a time; false
    ///     ends the campaign.
    package static func run(
        seeds: @escaping @Sendable () -> UInt64?, planting bug: PlantedBug? = nil, workers: Int,
        report: @escaping @Sendable (SimulationReport) -> Bool
    ) async {
        let seedQueue = SeedQueue(seeds: seeds, report: report)
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<max(1, workers) {
                group.addTask {
                    while let (place, seed) = seedQueue.next() {
                        seedQueue.hand(in: Simulation.run(seed: seed, planting: bug), at: place)
                    }
                }
            }
        }
    }

    /// Seeds that follow from a text, for a campaign whose seeds change with each commit and can be repeated.
    package static func seeds(from text: String) -> SeededGenerator {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in text.utf8 { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01b3 }
        return SeededGenerator(seed: hash)
    }
}

/// Gives seeds out and puts the reports back into order.
private final class SeedQueue: Sendable {
    private struct State {
        var given = 0
        var reported = 0
        var early: [Int: SimulationReport] = [:]
        var isClosed = false
    }

    private let state = Mutex(State())
    private let seeds: @Sendable () -> UInt64?
    private let report: @Sendable (SimulationReport) -> Bool

    init(seeds: @escaping @Sendable () -> UInt64?, report: @escaping @Sendable (SimulationReport) -> Bool) {
        self.seeds = seeds
        self.report = report
    }

    func next() -> (place: Int, seed: UInt64)? {
        state.withLock { state in
            guard !state.isClosed, let seed = seeds() else { return nil }
            defer { state.given += 1 }
            return (state.given, seed)
        }
    }

    func hand(in run: SimulationReport, at place: Int) {
        state.withLock { state in
            state.early[place] = run
            while !state.isClosed, let next = state.early.removeValue(forKey: state.reported) {
                state.reported += 1
                state.isClosed = !report(next)
            }
        }
    }
}
