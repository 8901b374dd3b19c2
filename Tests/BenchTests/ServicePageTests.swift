import BenchWorld
import Telemetry
import Testing

@Suite("The bench's pages")
struct ServicePageTests {
    @Test(arguments: [25, 100, 1_000, 10_000])
    func aPageHasAsManySamplesAsAskedFor(_ samples: Int) throws {
        let page = ServicePage(samples: samples).bytes(Traffic(requests: 123_456, errors: 1_234))
        #expect(try Exposition.sampleCount(in: page, format: .prometheusText) == samples)
    }

    @Test func aPageIsAsLargeAsThoseOfRealServices() {
        let page = ServicePage(samples: 1_000).bytes(Traffic(requests: 1e6, errors: 1e4))
        #expect((85_000...105_000).contains(page.count))
    }

    /// What the watchdog counts between two pages is the traffic between them, up to the rounding of each counter.
    @Test func theIncrementsAreTheTraffic() throws {
        let page = ServicePage(samples: 1_000)
        var reader = try TargetReader(watch: BusyKernel.watch, limits: ScrapeLimits())
        func read(_ traffic: Traffic, atMs: Int64) throws -> TargetReading {
            try reader.read(page.bytes(traffic), format: .prometheusText, atUptimeMs: atMs, countNewWithin: nil)
        }
        _ = try read(Traffic(requests: 1e6, errors: 1e4), atMs: 0)
        let second = try read(Traffic(requests: 2e6, errors: 1.1e5), atMs: 1_000)
        #expect(abs(try #require(second.requests) - 1e6) < 150)
        #expect(abs(try #require(second.errors) - 1e5) < 50)
        guard case .histogram(let latency) = second.latency else { return #expect(Bool(false), "no histogram") }
        #expect(latency.upperBounds.count == 20)
        #expect(abs(latency.count - 1e6) < 50)
        #expect(second.resets == 0)
    }

    @Test func theLargestNumbersFitIntoTheBuffer() throws {
        let page = ServicePage(samples: 100).bytes(Traffic(requests: 1e300, errors: 0))
        #expect(try Exposition.sampleCount(in: page, format: .prometheusText) == 100)
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
