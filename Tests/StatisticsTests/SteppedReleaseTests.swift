import Foundation
import Testing

@testable import Statistics

@Suite("A release in steps")
struct SteppedReleaseTests {
    // MARK: The start prior

    @Test(arguments: [0, 1, 4, 9])
    func theMassesOfTheStartsSumToOne(_ laterSteps: Int) {
        let prior = StartPrior.stepped(laterSteps: laterSteps)
        let onSteps = Double(laterSteps) * prior.massOfStep
        #expect(abs(prior.startWeight + onSteps + prior.unspent(afterSeconds: 0) - 1) < 1e-15)
        #expect(laterSteps == 0 ? prior == .standard : prior.startWeight == 0.25 && abs(onSteps - 0.25) < 1e-15)
    }

    /// Without evidence (every block's e-value is 1) the mixture stays at exactly 1, whatever steps begin and how many.
    @Test(arguments: [[Int](), [3], [3, 4, 9], [1, 2, 3, 4, 5, 6]], [0, 1, 3])
    func stepsNeitherAddNorLoseMass(_ steps: [Int], laterSteps: Int) {
        var mixture = EvidenceMixture(effects: 6, prior: .stepped(laterSteps: laterSteps))
        for block in 0..<12 {
            if steps.contains(block) { mixture.beginStep() }
            mixture.close(atSeconds: 5 * Double(block + 1)) { _ in 0 }
            #expect(abs(mixture.logE) < 1e-12)
        }
    }

    /// Several cycles with a share that is not settled are one change.
    @Test func aStepThatIsReportedTwiceBeginsOnce() {
        var (once, twice) = (
            EvidenceMixture(effects: 1, prior: .stepped(laterSteps: 3)),
            EvidenceMixture(effects: 1, prior: .stepped(laterSteps: 3))
        )
        for block in 0..<10 {
            if block == 5 { once.beginStep() }
            if block == 5 { for _ in 0..<3 { twice.beginStep() } }
            for gain in [once, twice].indices {
                let log = block >= 5 ? 0.4 : -0.1
                if gain == 0 { once.close(atSeconds: 5 * Double(block + 1)) { _ in log } }
                if gain == 1 { twice.close(atSeconds: 5 * Double(block + 1)) { _ in log } }
            }
        }
        #expect(once == twice && once.logE > 0)
    }

    @Test func theFirstStepIsTheReleasesBeginning() {
        var (plain, first) = (
            EvidenceMixture(effects: 1, prior: .stepped(laterSteps: 2)),
            EvidenceMixture(effects: 1, prior: .stepped(laterSteps: 2))
        )
        first.beginStep()
        plain.close(atSeconds: 5) { _ in 1 }
        first.close(atSeconds: 5) { _ in 1 }
        #expect(plain == first)
    }

    /// The prior is worth what it costs: a fault that begins with a step is found sooner, one from the start a little later.
    @Test func aFaultThatBeginsWithAStepIsFoundSooner() {
        func seconds(laterSteps: Int, faultFrom step: Int) -> Int {
            var total = 0
            for seed in UInt64(0)..<20 {
                var mixture = PairDetector(.worse(than: 1.1, prior: .stepped(laterSteps: laterSteps)))
                var chance = Chance(seed)
                var blocks = 0
                while mixture.maxLogE < 4.6, blocks < 2_000 {
                    if blocks == 120 { mixture.beginStep() }
                    let rate = blocks >= step ? 0.04 : 0.02
                    mixture.take(
                        PairCounts(300, chance.binomial(300, 0.02), 200, chance.binomial(200, rate)),
                        atSeconds: 5 * Double(blocks + 1))
                    blocks += 1
                }
                total += 5 * (blocks - step)
            }
            return total / 20
        }
        #expect(seconds(laterSteps: 3, faultFrom: 120) < seconds(laterSteps: 0, faultFrom: 120))
        #expect(seconds(laterSteps: 3, faultFrom: 0) >= seconds(laterSteps: 0, faultFrom: 0))
    }

    // MARK: Harm under moving shares and rates

    /// Any list of share changes, moved by the evidence itself where that helps the accusation most, with rates that move
    /// tenfold meanwhile: a healthy canary is accused in at most the stated 5 % of the releases.
    @Test func anyListOfSharesLeavesTheBoundOnHarm() {
        var accused = 0
        for seed in UInt64(0)..<60 {
            var chance = Chance(seed)
            var evidence = ReleaseEvidence(rules: [Self.rule])
            for cycle in 0..<30 { evidence.take(Self.cycle(cycle, share: 0, rate: 0.01, &chance)) }
            evidence.begin()
            var share = 0.05
            for cycle in 0..<240 where evidence.monitors[0].verdict != .worse {
                if cycle % 12 == 11 {
                    // Up while it appears to be worse, anything else by chance.
                    share = evidence.monitors[0].logE > 0 ? 0.5 : [0.01, 0.05, 0.25, 0.5, 0.9][chance.below(5)]
                    evidence.takeShareChange(Self.cycle(cycle, share: share, rate: 0.1, &chance))
                    continue
                }
                let rate = 0.005 * pow(20, Double(cycle) / 240) * (cycle % 50 > 40 ? 5 : 1)
                evidence.take(Self.cycle(cycle, share: share, rate: rate, &chance))
            }
            if evidence.monitors[0].verdict == .worse { accused += 1 }
        }
        #expect(accused <= 5, "\(accused) of 60")
    }

    private static let rule: RegressionSettings = {
        var rule = RegressionSettings(
            scope: .errors, tolerance: 0, falseAlarm: 0.05, safeRatio: nil, tracksRatio: false)
        rule.laterSteps = 4
        return rule
    }()

    /// 500 requests over four baseline instances and one of the canary, both with the same rate.
    private static func cycle(_ index: Int, share: Double, rate: Double, _ chance: inout Chance) -> WatchCycle {
        func instance(_ name: String, _ requests: Double) -> InstanceIncrements {
            let whole = Int(requests.rounded())
            return InstanceIncrements(
                instance: name, requests: Double(whole), errors: chance.binomial(whole, rate))
        }
        let baseline = (0..<4).map { instance("a\($0)", 500 * (1 - share) / 4) }
        return WatchCycle(
            atSeconds: 5 * Double(index + 1), coveredSeconds: 5, baseline: baseline,
            canary: share > 0 ? [instance("b", 500 * share)] : [], canaryShare: share > 0 ? share : nil)
    }

    /// The same blocks give the same evidence, bit for bit, and a record in between changes nothing of it.
    @Test(arguments: [Comparison.Method.pair, .share])
    func aReplayAndARecordGiveTheSameEvidence(_ method: Comparison.Method) throws {
        func run(recordAt record: Int?) throws -> Comparison {
            var chance = Chance(3)
            var settings = Comparison.Settings(
                method: method, floor: 0.001, safeRatio: 1.5, tracksRatio: true, isGuarded: true,
                nulls: method == .pair ? NullHypothesis.pair(ratio: 1.1, falseAlarm: 0.01) : nil)
            settings.laterSteps = 3
            var comparison = Comparison(settings)
            for block in 0..<80 {
                if block == record {
                    comparison = try JSONDecoder().decode(Comparison.self, from: JSONEncoder().encode(comparison))
                }
                if block == 40 { comparison.leaveOut((500, 10), hasShareChanged: true) }
                let canary = block < 40 ? 50 : 250
                comparison.take(
                    PairCounts(
                        Double(500 - canary), chance.binomial(500 - canary, 0.02), Double(canary),
                        chance.binomial(canary, 0.03)),
                    atSeconds: 5 * Double(block + 1), coveredSeconds: 5, dispersion: 1.2)
            }
            return comparison
        }
        let whole = try run(recordAt: nil)
        #expect(whole.blocks > 20 && whole.logE != 0)
        for record in [20, 40, 41, 60] { #expect(try run(recordAt: record) == whole) }
    }

    @Test func otherStepsKeepTheEvidenceOfARule() {
        var service = Service()
        var evidence = ReleaseEvidence(rules: [Self.rule])
        evidence.begin()
        for _ in 0..<20 { evidence.take(service.cycle()) }
        let before = evidence
        var other = Self.rule
        other.laterSteps = 7
        evidence.adopt(rules: [other])
        #expect(evidence == before)
        other.tolerance = 0.3
        evidence.adopt(rules: [other])
        #expect(evidence.monitors[0].logE == 0)
    }

    // MARK: One baseline instance

    @Test func oneBaselineInstanceCanBeCalledSafe() {
        var service = Service(
            baselineInstances: 1, canaryInstances: 1, requestsPerInstance: 800, errorRate: 0.05, canaryErrorRate: 0.05,
            slowShares: [], canarySlowShares: [])
        var evidence = ReleaseEvidence(rules: [RegressionSettings(scope: .errors)])
        evidence.begin()
        for _ in 0..<240 where evidence.monitors[0].verdict != .safe { evidence.take(service.cycle()) }
        #expect(evidence.monitors[0].method == .share && evidence.monitors[0].verdict == .safe)
        service.canaryErrorRate = 0.1
        for _ in 0..<24 { evidence.take(service.cycle()) }
        #expect(evidence.monitors[0].verdict != .safe)
    }

    /// One bet by hand: 20 of 100 bad events are the canary's, half of the traffic, at 1.5 times it would be 60.
    @Test func theMirroredBetIsTheFormula() {
        var betting = ShareBetting(.safe(below: 1.5))
        betting.take(PairCounts(1_000, 80, 1_000, 20), atSeconds: 15)
        let stakes = betting.settings.stakes
        let gains = stakes.map { 1 + $0 * (0.6 / 0.4) * (1 - 0.2 / 0.6) }
        #expect(abs(betting.logE - log(gains.reduce(0, +) / Double(stakes.count))) < 1e-12)
        // All bad events are the canary's: each stake is lost, and no more than that.
        betting.take(PairCounts(1_000, 0, 1_000, 10), atSeconds: 30)
        let lost = zip(gains, stakes).map { $0 * (1 - $1) }
        #expect(abs(betting.logE - log(lost.reduce(0, +) / Double(stakes.count))) < 1e-12)
    }

    /// E[e] is at most 1 at the ratio and above it, whatever the shares are: exact, over all outcomes of small blocks.
    @Test(arguments: [0.05, 0.3, 0.5, 0.9])
    func theMirroredBetIsFairAtTheRatio(_ share: Double) {
        for ratio in [1.0, 1.5, 3] {
            let (canary, bad) = (1_000 * share, 6)
            for excess in [1.0, 1.2] {
                let part = excess * ratio * canary / (excess * ratio * canary + 1_000 - canary)
                var mean = 0.0
                for count in 0...bad {
                    var betting = ShareBetting(.safe(below: ratio))
                    betting.take(
                        PairCounts(1_000 - canary, Double(bad - count), canary, Double(count)), atSeconds: 15)
                    let ways = exp(
                        lgamma(Double(bad) + 1) - lgamma(Double(count) + 1) - lgamma(Double(bad - count) + 1))
                    mean += ways * pow(part, Double(count)) * pow(1 - part, Double(bad - count)) * exp(betting.logE)
                }
                #expect(mean <= 1 + 1e-9 && (excess > 1 || mean > 1 - 1e-9), "\(ratio) \(excess): \(mean)")
            }
        }
    }

    // MARK: Of the present step

    @Test func percentilesAreOfThePresentShare() {
        var service = Service()
        service.slowShares = [0.9, 0.8, 0.6]
        service.canarySlowShares = service.slowShares
        var evidence = ReleaseEvidence(rules: [RegressionSettings(scope: .release)])
        for _ in 0..<30 { evidence.take(service.cycle()) }
        evidence.begin()
        for _ in 0..<30 { evidence.take(service.cycle()) }
        let slow = evidence.evidence(rule: 0).percentiles[0]
        #expect((slow.baseline.lowSeconds ?? 0) >= 1)
        evidence.takeShareChange(service.cycle())
        service.slowShares = [0.1, 0.05, 0.01]
        service.canarySlowShares = service.slowShares
        for _ in 0..<10 { evidence.take(service.cycle()) }
        let fast = evidence.evidence(rule: 0).percentiles[0]
        #expect(fast.baseline.highSeconds == 0.1 && fast.canary.highSeconds == 0.1)
    }

    /// With five canary instances the margin is narrower than with one, and a step with five is not judged by that of one.
    @Test func theMarginIsSettledForTheInstancesOfTheStep() throws {
        var service = Service(baselineInstances: 6, canaryInstances: 1)
        var evidence = ReleaseEvidence(rules: [RegressionSettings(scope: .release, tracksRatio: false)])
        for _ in 0..<400 { evidence.take(service.cycle()) }
        service.restartClock()
        evidence.begin()
        for _ in 0..<10 { evidence.take(service.cycle()) }
        #expect(evidence.monitors[0].isWidened)
        func ratios() -> [Double] { evidence.evidence(rule: 0).parts.map(\.toleratedRatio) }
        let one = ratios()
        let logE = evidence.monitors[0].maxLogE
        service.canaryInstances = 5
        // A scaling without another share is no step.
        evidence.take(service.cycle())
        #expect(ratios() == one)
        evidence.takeShareChange(service.cycle())
        evidence.take(service.cycle())
        let five = ratios()
        #expect(zip(five, one).allSatisfy { $0 < $1 } && five.count == one.count)
        #expect(evidence.monitors[0].maxLogE >= logE)
        let restored = try JSONDecoder().decode(ReleaseEvidence.self, from: JSONEncoder().encode(evidence))
        #expect(restored.evidence(rule: 0).parts.map(\.toleratedRatio) == five)
    }
}
