import Foundation
import Telemetry

/// `make bench`: what a scrape, a sample, a window and the evidence cost, alone and beside the peers. Prints CPU figures of this
/// machine now; compare ratios inside one run, not figures of two days.
///
///     rollguard-bench [--quick] [PART…]       parser, scrape, statistics, memory, peers; all without a name
///     rollguard-bench row 100x1000@1 [NAME…]  one row, of rollguard alone or of the programs named; writes nothing
///     rollguard-bench load [--quick]          the time to a rollback with and without load; writes nothing
///     rollguard-bench report [RESULTS]        writes the plots and tables of an earlier run into docs/ once more
@main
struct Bench {
    private static let docs = "docs"

    static func main() async throws {
        var wanted = Array(CommandLine.arguments.dropFirst())
        if wanted.first == "report" {
            let path = wanted.count > 1 ? wanted[1] : docs + "/performance/results.json"
            return try publish(try Results(contentsOf: path))
        }
        if wanted.first == "row" { return try await row(wanted.dropFirst()) }
        let isQuick = wanted.contains("--quick")
        wanted.removeAll { $0 == "--quick" }
        if wanted == ["load"] {
            return print(Tables.load(try await PeerBench(schedule: Schedule(isQuick: isQuick)).runLoad()))
        }
        func isWanted(_ part: String) -> Bool { wanted.isEmpty || wanted.contains(part) }
        // First, while the heap has nothing of others to give away, which would not show as new memory.
        if isWanted("memory") { try WindowBench().printRows() }
        if isWanted("parser") { try parser() }
        if isWanted("scrape") { try await ScrapeBench().printRows() }
        if isWanted("statistics") { StatisticsBench().printRows() }
        if isWanted("peers") { try await peers(isQuick: isQuick) }
    }

    private static func parser() throws {
        var expositions = [SampleExposition.generated(megabytes: 10), SampleExposition.service(routes: 38)]
        if let shared = SampleExposition.sharedFolder { expositions += SampleExposition.textparse(in: shared) }
        print("parser, one core, best of 5, CPU time")
        print(Table.row(ParserBench.columns))
        for exposition in expositions { try ParserBench(exposition: exposition).printRow() }
    }

    private static func peers(isQuick: Bool) async throws {
        print("beside the peers, in turn, on the same targets\(isQuick ? " (a quick run)" : "")")
        let results = try await PeerBench(schedule: Schedule(isQuick: isQuick)).run()
        let tables = Tables(results: results)
        print("\n\(tables.circumstances)\n\n\(tables.text)")
        // The result of a quick run is only printed; it does not replace the published document.
        if isQuick {
            try Report(results: results).write(to: PeerBench.folder)
            print("written to \(PeerBench.folder)")
        } else {
            try publish(results)
        }
    }

    private static func row(_ arguments: ArraySlice<String>) async throws {
        guard let shape = arguments.first.flatMap(Shape.init) else {
            print("name the row: rollguard-bench row TARGETSxSAMPLES@SECONDS, as in 100x1000@1")
            exit(2)
        }
        let names = arguments.count > 1 ? Array(arguments.dropFirst()) : [RollguardPeer().name]
        let bench = PeerBench(schedule: Schedule(isQuick: false))
        if let unknown = names.first(where: { !bench.names.contains($0) }) {
            print("no program is called \(unknown); there are \(bench.names.joined(separator: ", "))")
            exit(2)
        }
        try await bench.run(only: shape, of: names)
    }

    private static func publish(_ results: Results) throws {
        let report = Report(results: results)
        try report.write(to: docs + "/performance")
        try report.publish(into: docs)
        print("written to \(docs)/performance, \(docs)/performance.md and \(docs)/scale.md")
    }
}
