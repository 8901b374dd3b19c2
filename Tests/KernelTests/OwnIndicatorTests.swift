import Model
import Telemetry
import Testing

@testable import Kernel

/// A pool of targets with signals of its own, cycle by cycle.
private struct SignalWorld {
    var pool: PoolState
    var now: Int64 = 0

    init(_ signals: [Signal.Kind], targets: Int = 1) {
        let places = (0..<targets).map { TargetPlan(instance: "t\($0)", url: "http://t\($0)/metrics") }
        let window = PoolWindow(
            windowsMs: [5_000], intervalMs: 1_000, beganAtMs: 0, targets: targets,
            signals: signals.map { Signal(kind: $0, selector: SeriesSelector(metric: "m")) })
        pool = PoolState(plan: PoolPlan(version: "v", targets: places), window: window, isCompared: false)
    }

    /// One cycle; nil for a target that does not answer.
    mutating func cycle(_ readings: [[SignalReading]?]) {
        now += 1_000
        pool.openCycle()
        for (target, signals) in readings.enumerated() {
            guard let signals else { continue }
            let reading = TargetReading(requests: 10, coveredSeconds: 1, signals: signals)
            pool.take(
                ScrapeReport(
                    release: "r", pool: .canary, target: target, instance: "t\(target)",
                    outcome: .success(reading, warnings: [])),
                at: Moment(uptimeMs: now, wallMs: now))
        }
        pool.closeCycle(atMs: now)
    }

    func value(_ formula: OwnIndicator.Formula, _ measure: Indicator.Measure = .number) -> Double? {
        Indicator.own(OwnIndicator(name: "own", formula: formula, measure: measure))
            .value(in: pool.window.view(windowMs: 5_000), of: pool)
    }
}

@Suite("An indicator of one's own")
struct OwnIndicatorTests {
    @Test func aRatioIsOneRiseByTheOther() {
        var world = SignalWorld([.counter, .counter])
        #expect(world.value(.ratio(numerator: 0, denominator: 1)) == nil)
        for _ in 0..<8 { world.cycle([[.counter(30), .counter(10)]]) }
        #expect(world.value(.ratio(numerator: 0, denominator: 1)) == 3)
        #expect(world.value(.increase(counter: 1)) == 50)
        #expect(world.value(.rate(counter: 0)) == 30)
    }

    @Test func aNumeratorThatIsNotThereYetIsZero() {
        var world = SignalWorld([.counter, .counter])
        for _ in 0..<3 { world.cycle([[.absent, .counter(10)]]) }
        #expect(world.value(.ratio(numerator: 0, denominator: 1)) == 0)
        #expect(world.value(.ratio(numerator: 1, denominator: 0)) == nil)
        #expect(world.value(.rate(counter: 0)) == nil)
    }

    @Test(arguments: [
        (OwnIndicator.OverTime.last, OwnIndicator.AcrossInstances.sum, 12.0), (.max, .sum, 102), (.min, .sum, 12),
        (.mean, .sum, 42), (.last, .max, 9), (.max, .max, 99), (.last, .mean, 4), (.mean, .mean, 14),
    ])
    func aGaugeIsJoinedOverInstancesAndThenOverTime(
        _ over: OwnIndicator.OverTime, _ across: OwnIndicator.AcrossInstances, _ expected: Double
    ) {
        var world = SignalWorld([.gauge], targets: 2)
        for high in [1_000.0, 9, 9, 99, 9] {
            world.cycle([
                [.gauge(GaugeValues(series: 2, sum: high, max: high))],
                [.gauge(GaugeValues(series: 1, sum: 3, max: 3))],
            ])
        }
        // The first cycle has left the window of five by now.
        world.cycle([
            [.gauge(GaugeValues(series: 2, sum: 9, max: 9))], [.gauge(GaugeValues(series: 1, sum: 3, max: 3))],
        ])
        let values: [OwnIndicator.AcrossInstances: [Double]] = [
            .sum: [12, 12, 102, 12, 12], .max: [9, 9, 99, 9, 9], .mean: [4, 4, 34, 4, 4],
        ]
        let seen = values[across] ?? []
        let wanted: Double =
            switch over {
            case .last: seen.last ?? .nan
            case .min: seen.min() ?? .nan
            case .max: seen.max() ?? .nan
            case .mean: seen.reduce(0, +) / 5
            }
        #expect(world.value(.gauge(0, over: over, across: across)) == wanted)
        if over != .mean { #expect(wanted == expected) }
    }

    /// Half a pool's queue is not a short queue.
    @Test func aGaugeHasNoValueWhileATargetThatMattersDoesNotAnswer() {
        var world = SignalWorld([.gauge], targets: 2)
        let (large, small) = (GaugeValues(series: 1, sum: 100, max: 100), GaugeValues(series: 1, sum: 5, max: 5))
        world.cycle([[.gauge(large)], [.gauge(small)]])
        world.cycle([nil, [.gauge(small)]])
        #expect(world.value(.gauge(0, over: .last, across: .sum)) == nil)
        #expect(world.value(.gauge(0, over: .last, across: .max)) == nil)
        #expect(world.value(.gauge(0, over: .last, across: .mean)) == nil)
        #expect(world.value(.gauge(0, over: .max, across: .sum)) == 105)
        world.cycle([[.gauge(large)], nil])
        #expect(world.value(.gauge(0, over: .last, across: .sum)) == 100)
        #expect(world.value(.gauge(0, over: .last, across: .max)) == 100)
        // A scrape body without the gauge says that it is gone.
        world.cycle([[.gauge(large)], [.absent]])
        #expect(world.value(.gauge(0, over: .last, across: .mean)) == 100)
    }

    @Test func aQuantileIsEstimatedFromItsOwnHistogram() throws {
        var world = SignalWorld([.histogram])
        let increments = HistogramIncrements(
            upperBounds: [1, 2, .infinity], cumulative: [0, 100, 100], sumSeconds: 150, count: 100)
        world.cycle([[.histogram(increments)]])
        #expect(world.value(.quantile(histogram: 0, 0.5), .seconds) == 1.5)
        let view = world.pool.window.view(windowMs: 5_000)
        let question = try #require(
            Indicator.own(OwnIndicator(name: "checkout_p95", formula: .quantile(histogram: 0, 0.95), measure: .seconds))
                .percentile)
        #expect(PercentileEstimate(question, in: view, of: world.pool, named: .canary).value == 1.95)
        let broken = HistogramIncrements(upperBounds: [1, 2], cumulative: [1, 2], sumSeconds: 1, count: 2)
        var other = SignalWorld([.histogram])
        other.cycle([[.histogram(broken)]])
        let estimate = PercentileEstimate(
            question, in: other.pool.window.view(windowMs: 5_000), of: other.pool, named: .canary)
        #expect(estimate.obstacle?.hasPrefix("the checkout_p95 histogram of the canary has no bucket") == true)
    }

    /// The rows of a window may be moved by a reload, and targets may come and go.
    @Test func aReloadKeepsWhatWasSaid() {
        var world = SignalWorld([.gauge, .counter], targets: 2)
        let values = SignalReading.gauge(GaugeValues(series: 1, sum: 4, max: 4))
        for _ in 0..<4 { world.cycle([[values, .counter(6)], [values, .counter(2)]]) }
        func plan(_ names: [String]) -> PoolPlan {
            PoolPlan(version: "v", targets: names.map { TargetPlan(instance: $0, url: "http://\($0)/metrics") })
        }
        world.pool.adopt(plan(["t1", "t2"]), from: plan(["t0", "t1"]), windowsMs: [5_000, 60_000])
        #expect(world.value(.gauge(0, over: .max, across: .sum)) == 8)
        #expect(world.value(.rate(counter: 1)) == 2)
        #expect(world.value(.increase(counter: 1)) == 32)
    }
}
