import ArgumentParser
import Foundation
import Simulation

/// Runs the whole daemon in virtual time, with faults that are drawn from a seed.
struct SimulateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "simulate",
        abstract: "Run whole lives of the daemon in virtual time, with faults drawn from a seed.",
        discussion: """
            Each seed draws services, routers, a network, a disk, receivers, people and
            their troubles, and runs the daemon's real parts among them. Checks watch
            every step. The same seed always takes the same way.

              rollguard-lab simulate --seed 7 --trace       # one life, a line per step
              rollguard-lab simulate --seeds 20000          # seeds 1 to 20000
              rollguard-lab simulate --seconds 60 --seeds-from "$(git rev-parse HEAD)"

            Exit code 0 when all checks hold; 1 when one does not, with the seed, the
            check and the trace of that life.
            """)

    @Option(help: "The first seed.")
    var seed: UInt64 = 1

    @Option(help: "How many seeds, one after the other. [default: 1, or no end with --seconds]")
    var seeds: Int?

    @Option(help: "Stop after so many seconds.")
    var seconds: Int?

    @Option(help: "Derive the seeds from a text instead, such as a commit's hash.")
    var seedsFrom: String?

    @Option(help: "Runs at the same time.")
    var workers = ProcessInfo.processInfo.activeProcessorCount

    @Option(help: ArgumentHelp("Plant a bug at the kernel's boundary.", visibility: .hidden))
    var plant: PlantedBug?

    @Flag(help: "Print one line per step.")
    var trace = false

    @Flag(help: "Continue after a failed check, and report all of them at the end.")
    var keepGoing = false

    @Option(help: "Which lives: all, alone (one daemon, configured by files), shared (several daemons, or a centre).")
    var lives = Lives.all

    @Flag(help: "Print the summary of the whole and nothing per run.")
    var quiet = false

    func validate() throws {
        if let seeds, seeds < 1 { throw ValidationError("--seeds must be 1 or more") }
        if let seconds, seconds < 1 { throw ValidationError("--seconds must be 1 or more") }
        if workers < 1 { throw ValidationError("--workers must be 1 or more") }
        if trace, seeds ?? 1 != 1 || seconds != nil { throw ValidationError("--trace is for one seed") }
    }

    func run() async throws {
        if trace { return try runTraced() }
        let source = SeedSource(
            first: seed, count: seeds ?? (seconds == nil ? 1 : Int.max), text: seedsFrom, seconds: seconds)
        let tally = Tally(isQuiet: quiet, keepsGoing: keepGoing, expected: seeds, seconds: seconds)
        let wanted = lives
        let next: @Sendable () -> UInt64? = { wanted.next(of: source) }
        await Campaign.run(seeds: next, planting: plant, workers: workers, report: tally.take)
        let failures = tally.finish()
        guard let first = failures.first else { return }
        print("\nthe life of seed \(first.seed):")
        _ = Simulation.run(seed: first.seed, planting: plant) { print($0) }
        for failure in failures { print(failure.summary) }
        print("repeat it: rollguard-lab simulate --seed \(first.seed) --trace")
        throw ExitCode(1)
    }

    private func runTraced() throws {
        let report = Simulation.run(seed: seed, planting: plant) { print($0) }
        print(report.summary)
        if report.failure != nil { throw ExitCode(1) }
    }
}

/// A part of the lives that can be run by itself.
enum Lives: String, CaseIterable, ExpressibleByArgument {
    case all, alone, shared

    /// The next seed of such a life; nil when there are no more.
    func next(of source: SeedSource) -> UInt64? {
        while let seed = source.next() { if includes(seed) { return seed } }
        return nil
    }

    private func includes(_ seed: UInt64) -> Bool {
        switch self {
        case .all: true
        case .alone: Simulation.isAlone(seed: seed)
        case .shared: !Simulation.isAlone(seed: seed)
        }
    }
}

extension PlantedBug: ExpressibleByArgument {}
