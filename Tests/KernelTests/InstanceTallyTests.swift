import Telemetry
import Testing

@testable import Kernel

@Suite("What one instance has reported of late")
struct InstanceTallyTests {
    private static func reading(_ requests: Double?, _ errors: Double?, seconds: Double? = 5) -> TargetReading {
        TargetReading(requests: requests, errors: errors, coveredSeconds: seconds)
    }

    /// Whatever the rate, the tally finds it, and covers about a minute.
    @Test(arguments: [0.0, 1, 40, 5_000])
    func aSteadyRateIsFound(_ perSecond: Double) {
        var tally = InstanceTally()
        for _ in 0..<100 { tally.take(Self.reading(perSecond * 5, perSecond * 0.5)) }
        #expect(abs((tally.requestRate ?? -1) - perSecond) <= perSecond * 1e-9)
        #expect(abs(tally.seconds - InstanceTally.windowSeconds) < 6)
        #expect(perSecond == 0 ? tally.errorRate == nil : abs((tally.errorRate ?? -1) - 0.1) < 1e-9)
    }

    /// After a change the old rate is forgotten: nine tenths of it within two and a half windows.
    @Test func whatIsOldWeighsLess() {
        var tally = InstanceTally()
        for _ in 0..<100 { tally.take(Self.reading(500, 500)) }
        for _ in 0..<30 { tally.take(Self.reading(500, 0)) }
        #expect((tally.errorRate ?? 1) < 0.1)
    }

    @Test func whatIsNotKnownIsNil() {
        var tally = InstanceTally()
        #expect(tally.requestRate == nil && tally.errorRate == nil && tally.latencyMean == nil)
        tally.take(Self.reading(nil, nil))
        tally.take(Self.reading(10, nil, seconds: nil))
        #expect(tally.requestRate == nil)
        tally.take(Self.reading(10, nil))
        #expect(tally.requestRate == 2 && tally.errors == nil && tally.errorRate == nil)
    }

    @Test func theMeanLatencyIsThatOfTheSums() {
        var tally = InstanceTally()
        var reading = Self.reading(10, 0)
        reading.latency = .histogram(
            HistogramIncrements(upperBounds: [.infinity], cumulative: [10], sumSeconds: 2, count: 10))
        tally.take(reading)
        #expect(tally.latencyMean == 0.2)
    }
}
