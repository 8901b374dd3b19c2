import Glibc

/// The bookkeeping that all detectors share: a mixture over effect sizes (equal weights) and over start times.
///
/// Each effect size has one number, the logarithm of its evidence summed over the start times so far: a Shiryaev-Roberts
/// recursion whose start weights sum to one. So memory is constant however long the release runs.
struct EvidenceMixture: Sendable, Equatable, Codable {
    let prior: StartPrior
    private var logEvidence: [Double]
    /// When the last block closed; seconds since the release began.
    private(set) var lastSeconds = 0.0
    /// Later steps that have begun, and whether one begins with the next block. Nil in records of versions that did not have it.
    private var stepsBegun: Int?
    private var isStepDue: Bool?
    private(set) var logE = 0.0
    private(set) var maxLogE = 0.0

    init(effects: Int, prior: StartPrior) {
        self.prior = prior
        logEvidence = Array(repeating: log(prior.startWeight), count: effects)
    }

    /// The next block is the first one of a later step. Whether it is must not depend on that block's counts.
    mutating func beginStep() {
        // The release's first block begins with the first step.
        if lastSeconds > 0, stepsLeft > 0 { isStepDue = true }
    }

    private var stepsLeft: Int { max(0, (prior.laterSteps ?? 0) - (stepsBegun ?? 0)) }

    /// The prior mass of a step that begins with the block that is closed.
    private mutating func takeStepMass() -> Double {
        guard isStepDue == true else { return 0 }
        isStepDue = nil
        stepsBegun = (stepsBegun ?? 0) + 1
        return prior.massOfStep
    }

    /// Closes a block. A time before the last block's is taken as the last block's.
    ///
    /// - Parameters:
    ///   - mayRaise: false for a block that may lower the evidence for each effect size and not raise it. The evidence is
    ///     only ever smaller for it, so what is promised of it still holds.
    ///   - gain: the block's log e-value for the effect size with this index.
    @inline(__always)
    mutating func close(atSeconds seconds: Double, mayRaise: Bool = true, gain: (Int) -> Double) {
        let now = max(seconds, lastSeconds)
        let left = prior.unspent(afterSeconds: now)
        let started = LogDomain.log(prior.unspent(afterSeconds: lastSeconds) - left + takeStepMass())
        for effect in logEvidence.indices {
            let gained = gain(effect)
            logEvidence[effect] = LogDomain.sum(logEvidence[effect], started) + (mayRaise ? gained : min(gained, 0))
        }
        lastSeconds = now
        logE = total(unspent: LogDomain.log(left + Double(stepsLeft) * prior.massOfStep))
        maxLogE = max(maxLogE, logE)
    }

    private func total(unspent: Double) -> Double {
        let weight = -log(Double(logEvidence.count))
        var largest = unspent
        for one in logEvidence { largest = max(largest, weight + one) }
        guard largest > -.infinity else { return largest }
        var sum = 0.0
        for one in logEvidence { sum += exp(weight + one - largest) }
        if unspent > -.infinity { sum += exp(unspent - largest) }
        return largest + log(sum)
    }
}
