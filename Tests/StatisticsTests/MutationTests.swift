import Glibc
import Testing

@testable import Statistics

/// A law that nothing can break proves nothing: each one holds for the method as it is, and fails for the method with one
/// mistaken formula.
@Suite("Laws that mistaken formulas break")
struct MutationTests {
    // MARK: Steady blocks

    /// How a detector takes a block beside a jump of the baseline.
    private enum Cap: CaseIterable {
        case asItIs
        /// The whole block is left out, so what would lower the evidence is lost as well.
        case leavesTheBlockOut
    }

    /// What is capped is never more evidence than without the cap: the largest excess over drawn releases, in nats.
    private static func excess(_ cap: Cap) -> Double {
        var largest = -Double.infinity
        for seed in UInt64(1)...20 {
            var chance = Chance(seed)
            var (plain, capped) = (PairDetector(.worse(than: 1.1)), PairDetector(.worse(than: 1.1)))
            for step in 1...200 {
                let (seconds, rate) = (Double(step) * 5, chance.uniform() * 0.3)
                let canary = 20 + chance.below(20)
                let counts = PairCounts(
                    60, chance.binomial(60, rate), Double(canary), chance.binomial(canary, rate))
                plain.take(counts, atSeconds: seconds)
                let isSteady = chance.uniform() < 0.7
                if isSteady || cap == .asItIs { capped.take(counts, atSeconds: seconds, mayRaise: isSteady) }
                largest = max(largest, capped.logE - plain.logE)
            }
        }
        return largest
    }

    @Test func aCapTakesThePositivePartAlone() {
        #expect(Self.excess(.asItIs) <= 1e-12)
        #expect(Self.excess(.leavesTheBlockOut) > 0.1)
    }

    /// Of a constant rate whose errors come in clusters of ten, the share of the blocks that are steady.
    private static func steadyShare(dispersion: Double) -> Double {
        var chance = Chance(99)
        var blocks = SteadyBlocks()
        var (steady, settled) = (0.0, 0.0)
        for step in 1...1_000 {
            let counts = PairCounts(20_000, chance.binomial(40, 0.5) * 10, 1_000, 0)
            guard let block = blocks.take(counts, atSeconds: Double(step) * 5, dispersion: dispersion) else { continue }
            settled += 1
            if block.isSteady { steady += 1 }
        }
        return steady / settled
    }

    /// Clusters are no jumps of the rate: with the dispersion factor hardly a block is lost, without it almost half are.
    @Test func theStatisticIsDividedByTheDispersionFactor() {
        #expect(Self.steadyShare(dispersion: 12) > 0.95)
        #expect(Self.steadyShare(dispersion: 1) < 0.7)
    }

    // MARK: Margins

    /// What a ladder of hypotheses may spend in all: in each step, the probability that nature is between it and the one
    /// before, by the bar that has to be reached there; beyond the last one everything.
    private static func spent(_ steps: [SoftMargin.Step]) -> Double {
        var (spent, before) = (0.0, 1.0)
        for step in steps {
            spent += (before - step.tail) * exp(-step.barLogE)
            before = step.tail
        }
        return spent + before
    }

    /// With a bar for the step's own tail alone, without that of the step before, the budget is overdrawn.
    @Test(arguments: [0.0005, 0.001, 0.01])
    func theBarsSpendTheBudgetAndNoMore(_ alpha: Double) {
        let steps = SoftMargin.steps(alpha: alpha)
        #expect(abs(Self.spent(steps) / alpha - 1) < 1e-9)
        let mistaken = steps.map { SoftMargin.Step(tail: $0.tail, barLogE: log($0.tail / (0.14 * alpha))) }
        #expect(Self.spent(mistaken) > 1.5 * alpha)
    }

    /// How often nature exceeds the ratio that the own past says it exceeds in `tail` of the cases. Places whose rates differ
    /// by 30 % served the version before, some are worse for good, and all drift by 10 %.
    ///
    /// - Parameter sign: of the mean; -1 expects of places that were worse that they are better.
    private static func exceeded(tail: Double, sign: Double) -> Double {
        var chance = Chance(17)
        func normal() -> Double { sqrt(-2 * log(1 - chance.uniform())) * cos(2 * .pi * chance.uniform()) }
        /// Large enough for the normal approximation of a Poisson count.
        func count(_ mean: Double) -> Double { max(0, (mean + sqrt(mean) * normal()).rounded()) }
        let (runs, deviation) = (4_000, 0.3)
        var exceeded = 0.0
        for _ in 0..<runs {
            let lasting = deviation * normal()
            let past = OwnPast(baseline: (100_000, count(400)), canary: (100_000, count(400 * exp(lasting))))
            let nature = past.nature(variance: deviation * deviation, dispersion: 1, drift: 0.08)
            guard case .ownPast(let mean, let spread) = nature else { return .nan }
            let margin = SoftMargin(alpha: 0.01, scale: 1, nature: .ownPast(mean: sign * mean, deviation: spread))
            if lasting + 0.1 * normal() > margin.logRatio(tail: tail) { exceeded += 1 }
        }
        return exceeded / Double(runs)
    }

    @Test(arguments: [0.1, 0.03, 0.01])
    func ownPastIsExpectedToContinue(_ tail: Double) {
        let (real, turned) = (Self.exceeded(tail: tail, sign: 1), Self.exceeded(tail: tail, sign: -1))
        #expect(real < 1.5 * tail && real > 0.5 * tail, "\(real)")
        #expect(turned > 3 * tail, "\(turned)")
    }
}
