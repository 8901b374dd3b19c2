import Glibc

/// Seeded chance: the same numbers for the same seed on every machine. SplitMix64 (Steele, Lea, Flood 2014).
struct Chance {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    /// A seed of its own for each release, so that the order in which they run does not matter.
    init(seed: UInt64, stream: UInt64, release: Int) {
        var mixer = Chance(seed: seed &* 0x9E37_79B9_7F4A_7C15 &+ stream)
        mixer.state &+= mixer.next() &* (UInt64(release) &+ 1)
        state = mixer.next()
    }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    /// Uniform in 0..<1.
    mutating func uniform() -> Double { Double(next() >> 11) * 0x1p-53 }

    /// Mean 1, coefficient of variation 1.
    mutating func exponential() -> Double { -log1p(-uniform()) }

    /// Mean 0, standard deviation 1 (Box and Muller).
    mutating func normal() -> Double {
        (-2 * log1p(-uniform())).squareRoot() * cos(2 * Double.pi * uniform())
    }

    /// A cluster's size: geometric with mean 2 (one and the tosses until heads).
    mutating func clusterSize() -> Double { Double(1 + next().trailingZeroBitCount) }

    /// Poisson: by inversion for small means, by Hörmann's transformed rejection (PTRS, 1993) for large ones.
    mutating func poisson(_ mean: Double) -> Double {
        guard mean > 0 else { return 0 }
        return mean < 10 ? smallPoisson(mean) : largePoisson(mean)
    }

    private mutating func smallPoisson(_ mean: Double) -> Double {
        var count = 0.0
        var share = exp(-mean)
        var left = uniform()
        while left > share, count < 1_000 {
            left -= share
            count += 1
            share *= mean / count
        }
        return count
    }

    private mutating func largePoisson(_ mean: Double) -> Double {
        let logMean = log(mean)
        let b = 0.931 + 2.53 * mean.squareRoot()
        let a = -0.059 + 0.02483 * b
        let inverseAlpha = 1.1239 + 1.1328 / (b - 3.4)
        let squeeze = 0.9277 - 3.6224 / (b - 2)
        while true {
            let u = uniform() - 0.5
            let v = uniform()
            let edge = 0.5 - abs(u)
            let count = ((2 * a / edge + b) * u + mean + 0.43).rounded(.down)
            if edge >= 0.07, v <= squeeze { return count }
            if count < 0 || (edge < 0.013 && v > edge) { continue }
            let left = log(v) + log(inverseAlpha) - log(a / (edge * edge) + b)
            if left <= count * logMean - mean - lgammaOfNext(count) { return count }
        }
    }

    /// log(count!).
    private func lgammaOfNext(_ count: Double) -> Double {
        var sign: Int32 = 0
        return lgamma_r(count + 1, &sign)
    }
}
