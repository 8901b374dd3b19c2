import ArgumentParser
import Foundation
import Telemetry

/// `make bench`: what a scrape, a sample, a window and the evidence cost, alone and beside the peers.
struct BenchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench",
        abstract: "Measure what a scrape, a sample, a window and the evidence cost, alone and beside the peers.",
        discussion: """
            Prints CPU figures of this machine now; compare ratios inside one run, not
            figures of two days.
            """,
        subcommands: [Parts.self, Row.self, Load.self, Report.self], defaultSubcommand: Parts.self)

    static let docs = "docs"

    static func publish(_ results: Results) throws {
        let report = rollguard_lab.Report(results: results)
        try report.write(to: docs + "/performance")
        try report.publish(into: docs)
        print("written to \(docs)/performance, \(docs)/performance.md and \(docs)/scale.md")
    }
}

extension BenchCommand {
    enum Part: String, CaseIterable, ExpressibleByArgument {
        case memory, parser, scrape, statistics, peers
    }

    struct Parts: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "parts", abstract: "Measure some parts, or all of them.")

        @Flag(help: "Fewer and shorter runs; nothing is published.")
        var quick = false

        @Argument(help: "memory, parser, scrape, statistics or peers.")
        var parts: [Part] = []

        func run() async throws {
            func isWanted(_ part: Part) -> Bool { parts.isEmpty || parts.contains(part) }
            // First, while the heap has nothing of others to give away, which would not show as new memory.
            if isWanted(.memory) { try WindowBench().printRows() }
            if isWanted(.parser) { try parser() }
            if isWanted(.scrape) { try await ScrapeBench().printRows() }
            if isWanted(.statistics) { StatisticsBench().printRows() }
            if isWanted(.peers) { try await peers() }
        }

        private func parser() throws {
            var expositions = [SampleExposition.generated(megabytes: 10), SampleExposition.service(routes: 38)]
            if let shared = SampleExposition.sharedFolder { expositions += SampleExposition.textparse(in: shared) }
            print("parser, one core, best of 5, CPU time")
            print(Table.row(ParserBench.columns))
            for exposition in expositions { try ParserBench(exposition: exposition).printRow() }
        }

        private func peers() async throws {
            print("beside the peers, in turn, on the same targets\(quick ? " (a quick run)" : "")")
            let results = try await PeerBench(schedule: Schedule(isQuick: quick)).run()
            let tables = Tables(results: results)
            print("\n\(tables.circumstances)\n\n\(tables.text)")
            // The result of a quick run is only printed; it does not replace the published document.
            guard quick else { return try BenchCommand.publish(results) }
            try rollguard_lab.Report(results: results).write(to: PeerBench.folder)
            print("written to \(PeerBench.folder)")
        }
    }

    struct Row: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "row",
            abstract: "Measure one row, of rollguard alone or of the programs named; writes nothing.")

        @Argument(help: "TARGETSxSAMPLES@SECONDS, as in 100x1000@1.")
        var shape: String

        @Argument(help: "The programs.")
        var names: [String] = []

        func run() async throws {
            guard let shape = Shape(shape) else {
                throw ValidationError("a row is TARGETSxSAMPLES@SECONDS, as in 100x1000@1, got \(shape)")
            }
            let names = names.isEmpty ? [RollguardPeer().name] : names
            let bench = PeerBench(schedule: Schedule(isQuick: false))
            if let unknown = names.first(where: { !bench.names.contains($0) }) {
                let known = bench.names.joined(separator: ", ")
                throw ValidationError("no program is called \(unknown); there are \(known)")
            }
            try await bench.run(only: shape, of: names)
        }
    }

    struct Load: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "load", abstract: "Measure the time to a rollback with and without load; writes nothing.")

        @Flag(help: "Fewer and shorter runs.")
        var quick = false

        @Flag(help: "The load is 200 streams of events and 50 requests a second.")
        var browsers = false

        @Flag(help: "The load is a plan of each release whose steps hang.")
        var plans = false

        func run() async throws {
            let load = browsers ? DaemonLoad.browsers : plans ? DaemonLoad.plans : DaemonLoad()
            print(Tables.load(try await PeerBench(schedule: Schedule(isQuick: quick)).runLoad(load)))
        }
    }

    struct Report: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "report",
            abstract: "Write the plots and tables of an earlier run into docs/ once more.")

        @Argument(help: "The results of that run.")
        var results = BenchCommand.docs + "/performance/results.json"

        func run() throws { try BenchCommand.publish(try Results(contentsOf: results)) }
    }
}
