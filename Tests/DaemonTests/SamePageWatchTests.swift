import Model
import Support
import Telemetry
import Testing

@testable import Daemon

/// An exporter that ignores the query of its address gives both pools one page.
struct SamePageWatchTests {
    private static func release(_ baseline: [String], _ canary: [String]) -> ReleasePlan {
        func pool(_ version: String, _ urls: [String]) -> PoolPlan {
            PoolPlan(version: version, targets: urls.map { TargetPlan(instance: $0, url: $0) })
        }
        return ReleasePlan(
            name: "r", baseline: pool("v1", baseline), canary: pool("v2", canary),
            indicators: WatchList(requests: SeriesSelector(metric: "r")),
            router: .gray(GrayRouterPlan(instances: [])), rules: [])
    }

    private static func total(_ value: Int, series: Int = 1) throws -> SeriesTotal {
        let page = (0..<series).map { "r{n=\"\($0)\"} \($0 == 0 ? value : 0)\n" }.joined()
        return try #require(
            SeriesTotal(of: SeriesSelector(metric: "r"), in: Array(page.utf8), format: .prometheusText))
    }

    @Test func onlyAddressesThatDifferInTheQueryAreWatched() {
        let watched = SamePageWatch.watches(
            of: Self.release(["http://a:1/m?pool=old", "http://b:1/m"], ["http://a:1/m?pool=new", "http://c:1/m"]))
        let urls = ["http://a:1/m?pool=old", "http://a:1/m?pool=new"]
        #expect(Set(watched.keys) == Set(urls.map { PageIdentity(url: $0) }))
    }

    /// Scrapes are never at the same moment, so the sums differ by what came in between.
    @Test(arguments: [0, 1, 40]) func onePageIsRecognisedWhileItMoves(_ between: Int) throws {
        let watch = SamePageWatch()
        #expect(watch.twin(of: "old", in: .baseline, total: try Self.total(10_000)) == nil)
        #expect(watch.twin(of: "new", in: .canary, total: try Self.total(10_000 + between)) == "old")
        for cycle in 1...20 {
            let value = 10_000 + cycle * 50
            #expect(watch.twin(of: "old", in: .baseline, total: try Self.total(value)) == "new")
            #expect(watch.twin(of: "new", in: .canary, total: try Self.total(value + between)) == "old")
        }
    }

    @Test(arguments: [(100_000, 1_010, 1), (5_000, 9_000, 1), (5_000, 5_000, 2), (0, 0, 1)])
    func pagesThatDifferAreNotTakenForOne(_ old: Int, _ new: Int, _ series: Int) throws {
        let watch = SamePageWatch()
        for cycle in 0..<5 {
            let values = old == new ? (old, new) : (old + cycle * 50, new + cycle * 5)
            #expect(watch.twin(of: "old", in: .baseline, total: try Self.total(values.0)) == nil)
            #expect(watch.twin(of: "new", in: .canary, total: try Self.total(values.1, series: series)) == nil)
        }
    }
}
