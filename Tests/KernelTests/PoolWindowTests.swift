import Support
import Telemetry
import Testing

@testable import Kernel

@Suite("A pool's window")
struct PoolWindowTests {
    /// What a list of everything that ever happened says about the last `windowMs`.
    private func naive(_ history: [(atMs: Int64, requests: Double)], windowMs: Int64, intervalMs: Int64) -> Double {
        let now = history.last?.atMs ?? 0
        return history.filter { $0.atMs > now - windowMs + intervalMs / 2 }.reduce(0) { $0 + $1.requests }
    }

    @Test(arguments: [UInt64](1...20))
    func agreesWithAListOfEverything(_ seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        let windows: [Int64] = [3_000, 10_000, 60_000]
        var window = PoolWindow(windowsMs: windows, intervalMs: 1_000, beganAtMs: 0)
        var history: [(atMs: Int64, requests: Double)] = []
        var now: Int64 = 0
        for _ in 0..<300 {
            now += 1_000 + Int64(generator.next() % 200) - 100
            let requests = Double(generator.next() % 1_000)
            window.add(TargetReading(requests: requests, errors: 0))
            window.closeRow(atMs: now)
            history.append((now, requests))
            for length in windows {
                let expected = naive(history, windowMs: length, intervalMs: 1_000)
                #expect(window.view(windowMs: length).requests == expected)
            }
        }
    }

    @Test func coversOnlyTheTimeSinceItBegan() {
        var window = PoolWindow(windowsMs: [60_000], intervalMs: 1_000, beganAtMs: 0)
        window.add(TargetReading(requests: 10, errors: 1))
        window.closeRow(atMs: 2_000)
        let view = window.view(windowMs: 60_000)
        #expect(view.seconds == 2)
        #expect(view.requests == 10)
    }

    @Test func keepsThePastOfATargetThatDisappears() {
        var window = PoolWindow(windowsMs: [10_000], intervalMs: 1_000, beganAtMs: 0)
        window.add(TargetReading(requests: 100, errors: 7))
        window.closeRow(atMs: 1_000)
        for second in 2...5 { window.closeRow(atMs: Int64(second) * 1_000) }
        #expect(window.view(windowMs: 10_000).errors == 7)
        for second in 6...15 { window.closeRow(atMs: Int64(second) * 1_000) }
        #expect(window.view(windowMs: 10_000).errors == nil)
    }

    /// The first scrape body after a gap covers the whole gap: a window that is shorter learns nothing from it.
    @Test func leavesOutWhatLiesBeforeIt() {
        var window = PoolWindow(windowsMs: [3_000, 60_000], intervalMs: 1_000, beganAtMs: 0)
        window.add(TargetReading(requests: 100, errors: 1))
        window.closeRow(atMs: 1_000)
        for second in 2...20 { window.closeRow(atMs: Int64(second) * 1_000) }
        window.add(TargetReading(requests: 2_000, errors: 1_500), from: 2)
        window.closeRow(atMs: 21_000)
        #expect(window.view(windowMs: 3_000).requests == nil)
        #expect(window.view(windowMs: 60_000).requests == 2_100)
        #expect(window.view(windowMs: 60_000).errors == 1_501)
        window.add(TargetReading(requests: 100, errors: 2))
        window.closeRow(atMs: 22_000)
        #expect(window.view(windowMs: 3_000).requests == 100)
        #expect(window.view(windowMs: 3_000).errors == 2)
    }

    /// A scrape body that is missing once costs a window of several cycles nothing.
    @Test func takesInAGapThatLiesInIt() {
        var window = PoolWindow(windowsMs: [5_000], intervalMs: 1_000, beganAtMs: 0)
        for second in 1...9 where second != 8 {
            window.add(TargetReading(requests: second == 9 ? 200 : 100, errors: 0), from: second == 9 ? 8 : nil)
            window.closeRow(atMs: Int64(second) * 1_000)
            if second == 7 { window.closeRow(atMs: 8_000) }
        }
        #expect(window.view(windowMs: 5_000).requests == 500)
    }

    @Test func addsUpBucketsByTheirBoundWhateverTheirOrder() {
        func reading(_ bounds: [Double], _ counts: [Double]) -> TargetReading {
            TargetReading(
                latency: .histogram(
                    HistogramIncrements(
                        upperBounds: bounds, cumulative: counts, sumSeconds: 1, count: counts.last ?? 0)))
        }
        var window = PoolWindow(windowsMs: [10_000], intervalMs: 1_000, beganAtMs: 0)
        window.add(reading([0.1, .infinity], [5, 10]))
        window.closeRow(atMs: 1_000)
        window.add(reading([0.1, 0.25, .infinity], [1, 2, 4]))
        window.closeRow(atMs: 2_000)
        let view = window.view(windowMs: 10_000)
        #expect(view.upperBounds == [0.1, .infinity], "only bounds that all of them have")
        #expect(view.cumulative == [6, 14])
        #expect(view.layouts == [[0.1, .infinity], [0.1, 0.25, .infinity]] && view.histogramCount == 14)
        #expect(view.latencyCount == 14)
    }

    private static func reading(_ bounds: [Double], _ counts: [Double]) -> TargetReading {
        TargetReading(
            latency: .histogram(
                HistogramIncrements(upperBounds: bounds, cumulative: counts, sumSeconds: 1, count: counts.last ?? 0)))
    }

    /// Scrape bodies whose bounds change at any time: few, many, some known, in any position.
    @Test(arguments: [UInt64](1...30))
    func keepsEachBoundsCountsWhateverBodiesCome(_ seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        var window = PoolWindow(windowsMs: [30_000], intervalMs: 1_000, beganAtMs: 0)
        var expected: [Double: Double] = [:]
        var shared: Set<Double>?
        for cycle in 1...20 {
            for _ in 0..<2 {
                let all = (1...Int(1 + generator.next() % 60)).map { Double($0) / Double(1 + generator.next() % 3) }
                let bounds = Set(all).sorted() + [.infinity]
                let counts = bounds.map { _ in Double(generator.next() % 100) }
                for (bound, count) in zip(bounds, counts) { expected[bound, default: 0] += count }
                shared = shared.map { $0.intersection(bounds) } ?? Set(bounds)
                window.add(Self.reading(bounds, counts))
            }
            window.closeRow(atMs: Int64(cycle) * 1_000)
            let view = window.view(windowMs: 30_000)
            let bounds = (shared ?? []).sorted()
            #expect(view.upperBounds == bounds)
            #expect(view.cumulative == bounds.map { expected[$0] })
        }
    }

    /// Requests beyond the limit have no bound in common with the others, so that nothing is estimated without them.
    @Test func takesNoMoreBoundsThanItsLimit() {
        var window = PoolWindow(windowsMs: [3_000], intervalMs: 1_000, beganAtMs: 0)
        for body in 1...3 {
            let bounds = (0..<1_500).map { Double(body) + Double($0) / 2_000 } + [Double.nan]
            window.add(Self.reading(bounds, bounds.map { _ in 1 }))
            window.closeRow(atMs: Int64(body) * 1_000)
        }
        let view = window.view(windowMs: 3_000)
        #expect(view.upperBounds.isEmpty && view.histogramCount == 3)
        #expect(view.layouts.map(\.count) == [1_501, 0])
    }

    @Test func doesNotGrowWithTime() {
        var window = PoolWindow(windowsMs: [5_000], intervalMs: 1_000, beganAtMs: 0)
        for second in 1...10_000 {
            window.add(TargetReading(requests: 3, errors: 1))
            window.closeRow(atMs: Int64(second) * 1_000)
        }
        #expect(window.view(windowMs: 5_000).requests == 15)
        #expect(MemoryLayout.size(ofValue: window) < 200)
    }
}
