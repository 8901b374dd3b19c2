import Glibc

/// How much the instances of one version differ by nature: a posterior of sigma, the standard deviation of the logarithm of
/// their bad rates, on fourteen points.
///
/// One release says little about it: two instances have one difference. So what deployments before have shown is kept, as
/// fourteen log likelihoods per kind of bad event.
public struct SpreadPosterior: Sendable, Equatable, Codable {
    /// 0.02 to 1.81, in steps of half an octave.
    static let sigmas: [Double] = (0..<14).map { 0.02 * pow(2, Double($0) / 2) }
    /// An exponential prior with mean 0.3, per equal step of log sigma.
    private static let logPrior: [Double] = sigmas.map { log($0 * exp(-$0 / 0.3)) }
    /// What older deployments have shown counts so much at each new one.
    private static let memory = 0.9

    private var logLikelihood: [Double]
    /// Deployments that were added.
    public private(set) var deployments = 0

    /// Nothing but the prior.
    public init() { logLikelihood = SpreadPosterior.sigmas.map { _ in 0 } }

    /// Adds a deployment: at least two instances of one version that served side by side.
    ///
    /// - Parameters:
    ///   - counts: of the whole time, by instance. Those without requests are left out.
    ///   - dispersion: at least 1.
    mutating func add(_ counts: InstanceCounts, dispersion: Double) {
        let slots = (0..<counts.slots).filter { counts.requests[$0] > 0 }
        guard slots.count >= 2 else { return }
        let rates = slots.map { log((counts.bad[$0] + 0.5) / counts.requests[$0]) }
        let variances = slots.map { max(1, dispersion) / (counts.bad[$0] + 0.5) }
        for (place, sigma) in SpreadPosterior.sigmas.enumerated() {
            let weights = variances.map { 1 / (sigma * sigma + $0) }
            let total = weights.reduce(0, +)
            let mean = zip(weights, rates).reduce(0) { $0 + $1.0 * $1.1 } / total
            let squares = zip(weights, rates).reduce(0) { $0 + $1.0 * ($1.1 - mean) * ($1.1 - mean) }
            logLikelihood[place] += (weights.reduce(0) { $0 + log($1) } - log(total) - squares) / 2
        }
        deployments += 1
    }

    /// A new deployment follows: what is known counts a little less.
    mutating func fade() {
        for place in logLikelihood.indices { logLikelihood[place] *= SpreadPosterior.memory }
    }

    /// The probability of each of ``sigmas``.
    var weights: [Double] {
        let logs = zip(SpreadPosterior.logPrior, logLikelihood).map { $0 + $1 }
        let largest = logs.reduce(-Double.infinity, max)
        let parts = logs.map { exp($0 - largest) }
        let sum = parts.reduce(0, +)
        return parts.map { $0 / sum }
    }

    /// The mean of sigma squared.
    var variance: Double {
        zip(weights, SpreadPosterior.sigmas).reduce(0) { $0 + $1.0 * $1.1 * $1.1 }
    }

    /// The log ratio of two groups of instances that nature exceeds with this probability.
    ///
    /// - Parameters:
    ///   - scale: `sqrt(1 / m + 1 / n)` for groups of m and n instances.
    ///   - tail: above 0, below 1.
    /// - Returns: 0 where half of the ratios or more are to be covered.
    func upperPoint(scale: Double, tail: Double) -> Double {
        let weights = weights
        func share(above ratio: Double) -> Double {
            zip(weights, SpreadPosterior.sigmas).reduce(0) {
                $0 + $1.0 * Normal.tail(above: ratio / ($1.1 * scale))
            }
        }
        var (low, high) = (0.0, 20.0)
        for _ in 0..<60 {
            let middle = (low + high) / 2
            if share(above: middle) > tail { low = middle } else { high = middle }
        }
        return high
    }
}
