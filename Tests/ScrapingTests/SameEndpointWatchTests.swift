import Model
import Routers
import Support
import Telemetry
import Testing

@testable import Scraping

/// An exporter that ignores the query of its address gives both pools one scrape body.
struct SameEndpointWatchTests {
    private static func release(_ baseline: [String], _ canary: [String]) -> ReleasePlan {
        func pool(_ version: String, _ urls: [String]) -> PoolPlan {
            PoolPlan(version: version, targets: urls.map { TargetPlan(instance: $0, url: $0) })
        }
        return ReleasePlan(
            name: "r", baseline: pool("v1", baseline), canary: pool("v2", canary),
            indicators: WatchList(requests: SeriesSelector(metric: "r")),
            router: RouterPlan(GrayRouterPlan(instances: [])), rules: [])
    }

    /// Names that lead to one port are compared for some scrapes, because two services behind one ingress may begin alike.
    @Test func anEndpointUnderTwoNamesIsRecognisedOnceItHasMovedForSomeScrapes() throws {
        let watch = SameEndpointWatch(confirmations: 3)
        var found: [Bool] = []
        for cycle in 0..<8 {
            // The counters do not change in the first three scrapes.
            let value = 10_000 + max(0, cycle - 2) * 50
            let old = watch.twin(of: "old", in: .baseline, total: try Self.total(value))
            let new = watch.twin(of: "new", in: .canary, total: try Self.total(value + (cycle > 2 ? 20 : 0)))
            found.append(old != nil || new != nil)
        }
        #expect(found.prefix(5).allSatisfy { !$0 } && found[7], "\(found)")
    }

    @Test func differentStartTimesAreTwoEndpoints() throws {
        func total(_ start: Int) throws -> SeriesTotal {
            let page = "r 5000\nprocess_start_time_seconds \(start)\n"
            return try #require(
                SeriesTotal(of: SeriesSelector(metric: "r"), in: Array(page.utf8), format: .prometheusText))
        }
        let watch = SameEndpointWatch()
        #expect(watch.twin(of: "old", in: .baseline, total: try total(100)) == nil)
        #expect(watch.twin(of: "new", in: .canary, total: try total(101)) == nil)
        #expect(watch.twin(of: "new", in: .canary, total: try total(100)) == "old")
    }

    @Test func onlyTargetsOfBothPoolsAtOneEndpointAreCompared() {
        let endpoints = EndpointWatch()
        func watch(_ instance: String, _ pool: Pool, _ peer: String, path: String = "/metrics") -> SameEndpointWatch? {
            endpoints.watch(of: instance, in: pool, at: .init(peer: peer, path: path, query: []))
        }
        #expect(watch("a:1", .baseline, "10.0.0.1:1") == nil)
        #expect(watch("b:1", .baseline, "10.0.0.1:1") == nil, "one pool alone")
        #expect(watch("c:1", .canary, "10.0.0.2:1") == nil, "another address")
        #expect(watch("c:1", .canary, "10.0.0.1:1", path: "/other") == nil, "another path")
        let found = watch("c:1", .canary, "10.0.0.1:1")
        #expect(found != nil && watch("a:1", .baseline, "10.0.0.1:1") === found)
        #expect(watch("c:1", .canary, "10.0.0.3:1") == nil, "it has moved")
        #expect(watch("a:1", .baseline, "10.0.0.1:1") == nil, "nothing of the other pool is there any more")
    }

    private static func total(_ value: Int, series: Int = 1) throws -> SeriesTotal {
        let page = (0..<series).map { "r{n=\"\($0)\"} \($0 == 0 ? value : 0)\n" }.joined()
        return try #require(
            SeriesTotal(of: SeriesSelector(metric: "r"), in: Array(page.utf8), format: .prometheusText))
    }

    @Test func onlyAddressesThatDifferInTheQueryAreWatched() {
        let watched = SameEndpointWatch.watches(
            of: Self.release(["http://a:1/m?pool=old", "http://b:1/m"], ["http://a:1/m?pool=new", "http://c:1/m"]))
        let urls = ["http://a:1/m?pool=old", "http://a:1/m?pool=new"]
        #expect(Set(watched.keys) == Set(urls.map { EndpointIdentity(url: $0) }))
    }

    /// Scrapes are never at the same moment, so the sums differ by what came in between.
    @Test(arguments: [0, 1, 40]) func oneEndpointIsRecognisedWhileItMoves(_ between: Int) throws {
        let watch = SameEndpointWatch()
        #expect(watch.twin(of: "old", in: .baseline, total: try Self.total(10_000)) == nil)
        #expect(watch.twin(of: "new", in: .canary, total: try Self.total(10_000 + between)) == "old")
        for cycle in 1...20 {
            let value = 10_000 + cycle * 50
            #expect(watch.twin(of: "old", in: .baseline, total: try Self.total(value)) == "new")
            #expect(watch.twin(of: "new", in: .canary, total: try Self.total(value + between)) == "old")
        }
    }

    @Test(arguments: [(100_000, 1_010, 1), (5_000, 9_000, 1), (5_000, 5_000, 2), (0, 0, 1)])
    func endpointsThatDifferAreNotTakenForOne(_ old: Int, _ new: Int, _ series: Int) throws {
        let watch = SameEndpointWatch()
        for cycle in 0..<5 {
            let values = old == new ? (old, new) : (old + cycle * 50, new + cycle * 5)
            #expect(watch.twin(of: "old", in: .baseline, total: try Self.total(values.0)) == nil)
            #expect(watch.twin(of: "new", in: .canary, total: try Self.total(values.1, series: series)) == nil)
        }
    }
}
