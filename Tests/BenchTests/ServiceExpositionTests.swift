import Bench
import Telemetry
import Testing

@Suite("The bench's expositions")
struct ServiceExpositionTests {
    @Test(arguments: [25, 100, 1_000, 10_000])
    func anExpositionHasAsManySamplesAsAskedFor(_ samples: Int) throws {
        let exposition = ServiceExposition(samples: samples).bytes(Traffic(requests: 123_456, errors: 1_234))
        #expect(try Exposition.sampleCount(in: exposition, format: .prometheusText) == samples)
    }

    @Test func anExpositionIsAsLargeAsThoseOfRealServices() {
        let exposition = ServiceExposition(samples: 1_000).bytes(Traffic(requests: 1e6, errors: 1e4))
        #expect((85_000...105_000).contains(exposition.count))
    }

    /// What the watchdog counts is the traffic, up to the rounding of each counter. The first rate of a busy target is
    /// confirmed by two more scrape bodies before it is counted, because the exposition has no start time.
    @Test func theIncrementsAreTheTraffic() throws {
        let exposition = ServiceExposition(samples: 1_000)
        var reader = try TargetReader(watch: BusyKernel.watch, limits: ScrapeLimits())
        var readings: [TargetReading] = []
        for second in 0...3 {
            let traffic = Traffic(requests: 1e6 + 1e6 * Double(second), errors: 1e4 + 1e5 * Double(second))
            readings.append(
                try reader.read(
                    exposition.bytes(traffic), format: .prometheusText, atUptimeMs: Int64(second) * 1_000,
                    countNewWithin: nil
                ))
        }
        #expect(readings.dropLast().allSatisfy { $0.requests == nil })
        let last = try #require(readings.last)
        #expect(abs(try #require(last.requests) - 3e6) < 150)
        #expect(abs(try #require(last.errors) - 3e5) < 50)
        #expect(last.coveredSeconds == 3)
        guard case .histogram(let latency) = last.latency else { return #expect(Bool(false), "no histogram") }
        #expect(latency.upperBounds.count == 20)
        #expect(abs(latency.count - 3e6) < 50)
        #expect(last.resets == 0)
    }

    /// Each bucket counts requests that the one before it does not.
    @Test(arguments: [2, 20, 900])
    func anExpositionMayHaveManyBuckets(_ buckets: Int) throws {
        let exposition = ServiceExposition(buckets: buckets)
        var reader = try TargetReader(watch: BusyKernel.watch, limits: ScrapeLimits())
        var last: TargetReading?
        for second in 0...3 {
            let bytes = exposition.bytes(Traffic(requests: 1e6 + 1e6 * Double(second), errors: 0))
            #expect(try Exposition.sampleCount(in: bytes, format: .prometheusText) == exposition.samples)
            last = try reader.read(
                bytes, format: .prometheusText, atUptimeMs: Int64(second) * 1_000, countNewWithin: nil)
        }
        guard case .histogram(let latency) = last?.latency else { return #expect(Bool(false), "no histogram") }
        #expect(latency.upperBounds.count == buckets)
        #expect(zip(latency.cumulative, latency.cumulative.dropFirst()).allSatisfy { $0 < $1 })
        #expect(abs(latency.count - 3e6) < 5)
    }

    @Test func theLargestNumbersFitIntoTheBuffer() throws {
        let exposition = ServiceExposition(samples: 100).bytes(Traffic(requests: 1e300, errors: 0))
        #expect(try Exposition.sampleCount(in: exposition, format: .prometheusText) == 100)
    }
}

@Suite("The bench's kernel")
struct BusyKernelTests {
    /// Work that is skipped would be measured as fast.
    @Test func everyRuleIsJudgedAndNoneIsBreached() {
        var busy = BusyKernel(
            rules: (0..<10).map { BusyKernel.rule($0, windowMs: 10_000) }, targets: 4, reading: BusyKernel.busyReading)
        busy.cycle(20)
        #expect(busy.isWatching)
        #expect(busy.conclusiveRules == 10)
        #expect(busy.kernel.snapshot(at: busy.now).incidents.isEmpty)
    }
}
