@testable import Statistics

/// SplitMix64: the same sequence for the same seed.
struct Chance {
    private var state: UInt64

    init(_ seed: UInt64) { state = seed }

    /// Uniform in 0..<1.
    mutating func uniform() -> Double {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return Double((mixed ^ (mixed >> 31)) >> 11) * 0x1p-53
    }

    mutating func below(_ limit: Int) -> Int { Int(uniform() * Double(limit)) }

    mutating func binomial(_ requests: Int, _ rate: Double) -> Double {
        Double((0..<requests).count { _ in uniform() < rate })
    }
}

extension PairCounts {
    init(_ baselineRequests: Double, _ baselineBad: Double, _ canaryRequests: Double, _ canaryBad: Double) {
        self.init(
            baselineRequests: baselineRequests, baselineBad: baselineBad, canaryRequests: canaryRequests,
            canaryBad: canaryBad)
    }
}

/// A service in a test: instances, rates, and a histogram with three boundaries.
struct Service {
    var baselineInstances = 4
    var canaryInstances = 2
    var requestsPerInstance = 100
    var errorRate = 0.02
    var canaryErrorRate = 0.02
    /// Shares slower than 0.1, 0.5 and 1 s.
    var slowShares = [0.3, 0.05, 0.005]
    var canarySlowShares = [0.3, 0.05, 0.005]
    var chance = Chance(7)
    private(set) var seconds = 0.0

    mutating func cycle(interval: Double = 5) -> WatchCycle {
        seconds += interval
        return WatchCycle(
            atSeconds: seconds, coveredSeconds: interval,
            baseline: (0..<baselineInstances).map { instance("old\($0)", errorRate, slowShares) },
            canary: (0..<canaryInstances).map { instance("new\($0)", canaryErrorRate, canarySlowShares) })
    }

    mutating func restartClock() { seconds = 0 }

    private mutating func instance(_ name: String, _ errorRate: Double, _ slow: [Double]) -> InstanceIncrements {
        let requests = requestsPerInstance / 2 + chance.below(requestsPerInstance)
        // One uniform number per request decides its latency, so that the buckets are cumulative.
        var slower = [0.0, 0, 0]
        for _ in 0..<requests {
            let draw = chance.uniform()
            for index in slow.indices where draw < slow[index] { slower[index] += 1 }
        }
        return InstanceIncrements(
            instance: name, requests: Double(requests), errors: chance.binomial(requests, errorRate),
            latency: LatencyIncrements(
                upperBounds: [0.1, 0.5, 1, .infinity],
                cumulative: slower.map { Double(requests) - $0 } + [Double(requests)],
                count: Double(requests)))
    }
}
