import Foundation
import ReleaseKernel
import Telemetry

/// `make bench`: what a scrape, a sample, a window and the evidence cost. Prints CPU figures of this machine now; compare ratios inside
/// one run, not figures of two days.
@main
struct Bench {
    static func main() async throws {
        let wanted = CommandLine.arguments.dropFirst()
        func isWanted(_ part: String) -> Bool { wanted.isEmpty || wanted.contains(part) }
        // First, while the heap has nothing of others to give away, which would not show as new memory.
        if isWanted("memory") { try WindowBench().printRows() }
        if isWanted("parser") { try parser() }
        if isWanted("scrape") { try await ScrapeBench().printRows() }
        if isWanted("statistics") { StatisticsBench().printRows() }
    }

    private static func parser() throws {
        var pages = [Page.generated(megabytes: 10), Page.service(routes: 38)]
        if let shared = Page.sharedFolder { pages += Page.textparse(in: shared) }
        print("parser, one core, best of 5, CPU time")
        print(Table.row(ParserBench.columns))
        for page in pages { try ParserBench(page: page).printRow() }
    }
}
