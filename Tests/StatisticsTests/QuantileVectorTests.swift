import Telemetry
import Testing

@testable import Statistics

/// Prometheus' quantiles, the brackets that hold at all times, and counters.
@Suite("Golden vectors of quantiles and counters", .enabled(if: Vectors.isThere, Vectors.missing))
struct QuantileVectorTests {
    private struct QuantileFile: Decodable {
        struct Case: Decodable {
            struct Result: Decodable {
                let q, value: AnyNumber
                let forced_monotonic: Bool
            }
            let name: String
            let buckets: [[AnyNumber]]
            let results: [Result]
        }
        struct Bracket: Decodable {
            let name: String
            let q, alpha: Double
            let bounds: [AnyNumber]
            let cumulative, log_e: [Double]
            let lo, hi: AnyNumber
        }
        let tolerance, bracket_tolerance: Double
        let quantile: [Case]
        let bracket: [Bracket]
    }

    @Test func histogramQuantile() throws {
        let document: QuantileFile = try Vectors.load("quantile")
        var deviation = Deviation()
        for one in document.quantile {
            let (bounds, counts) = (one.buckets.map { $0[0].value }, one.buckets.map { $0[1].value })
            for result in one.results {
                let found = HistogramQuantile.estimate(result.q.value, upperBounds: bounds, cumulative: counts)
                deviation.note(found.value, result.value.value)
                #expect(found.countsWereRaised == result.forced_monotonic, "\(one.name) \(result.q.value)")
            }
        }
        report("quantile", deviation, document.tolerance)
    }

    @Test func bracket() throws {
        let document: QuantileFile = try Vectors.load("quantile")
        var deviation = Deviation()
        for one in document.bracket {
            let bounds = one.bounds.map(\.value)
            let total = one.cumulative.last ?? 0
            let found = QuantileBracket(
                one.q, upperBounds: bounds, cumulative: one.cumulative, total: total, error: one.alpha)
            #expect(found.lowSeconds ?? -.infinity == one.lo.value, "\(one.name) \(one.q)")
            #expect(found.highSeconds ?? .infinity == one.hi.value, "\(one.name) \(one.q)")
            for (count, expected) in zip(one.cumulative, one.log_e) {
                deviation.note(RateInterval.logE(bad: count, requests: total, rate: one.q), expected)
            }
        }
        report("quantile bracket", deviation, document.bracket_tolerance)
    }

    private struct CounterFile: Decodable {
        struct Counts: Decodable {
            let n, k: Double
            let start_id: Int?
        }
        struct Pools: Decodable { let nA, kA, nB, kB: Double }
        struct Scrape: Decodable {
            let t, log_e: Double
            let cumulative, increments: [String: Counts]
            let pools: Pools
        }
        struct Reset: Decodable { let cumulative, increments: Counts }
        struct Clamp: Decodable { let n, k, carry_in, k_used, carry_out: Double }
        let tolerance: Double
        let scrapes: [Scrape]
        let restarts: [String: Int]
        let reset_of_one_counter: [Reset]
        let clamp: [Clamp]
    }

    /// From cumulative counters of three instances, with a restart and a reset, to evidence.
    @Test func counters() throws {
        let document: CounterFile = try Vectors.load("counters")
        var deviation = Deviation()
        var counters: [String: InstanceCounters] = [:]
        var detector = PairDetector(.worse(than: 1.1))
        for scrape in document.scrapes {
            var pools = PairCounts.zero
            for (name, now) in scrape.cumulative.sorted(by: { $0.key < $1.key }) {
                let found = counters[name, default: InstanceCounters()].increments(
                    to: .init(requests: now.n, bad: now.k), startID: now.start_id, isYounger: name == "b1")
                let expected = try #require(scrape.increments[name])
                deviation.note(found.requests, expected.n)
                deviation.note(found.bad, expected.k)
                if name == "b1" {
                    pools.canaryRequests += found.requests
                    pools.canaryBad += found.bad
                } else {
                    pools.baselineRequests += found.requests
                    pools.baselineBad += found.bad
                }
            }
            #expect(pools.baselineRequests == scrape.pools.nA && pools.baselineBad == scrape.pools.kA)
            #expect(pools.canaryRequests == scrape.pools.nB && pools.canaryBad == scrape.pools.kB)
            detector.take(pools, atSeconds: scrape.t)
            deviation.note(detector.logE, scrape.log_e)
        }
        for (name, restarts) in document.restarts { #expect(counters[name]?.restarts == restarts) }
        report("counters", deviation, document.tolerance)
    }

    @Test func aFallingCounterRestartsItsInstance() throws {
        let document: CounterFile = try Vectors.load("counters")
        var counters = InstanceCounters()
        for one in document.reset_of_one_counter {
            let found = counters.increments(to: .init(requests: one.cumulative.n, bad: one.cumulative.k))
            #expect(found == .init(requests: one.increments.n, bad: one.increments.k))
        }
    }

    @Test func badOnesBeyondTheRequestsWait() throws {
        let document: CounterFile = try Vectors.load("counters")
        var carry = BadCarry()
        for one in document.clamp {
            #expect(carry.waiting == one.carry_in)
            #expect(carry.take(bad: one.k, requests: one.n) == one.k_used)
            #expect(carry.waiting == one.carry_out)
        }
    }
}
