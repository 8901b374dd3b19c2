import Glibc
import Support
import Testing

@testable import Statistics

@Suite("How far two pools of one version differ")
struct PoolDivergenceTests {
    /// Cells of pools whose log ratio is `offset` plus a normal step of `spread` per minute.
    private static func measured(
        offset: Double, spread: Double, minutes: Int, seed: UInt64, requests: Double = 30_000, rate: Double = 0.01
    ) -> PoolDivergence {
        var chance = Chance(seed)
        func normal() -> Double { sqrt(-2 * log(1 - chance.uniform())) * cos(2 * .pi * chance.uniform()) }
        /// Large enough for the normal approximation of a Poisson count.
        func count(_ mean: Double) -> Double { max(0, (mean + sqrt(mean) * normal()).rounded()) }
        var divergence = PoolDivergence()
        for minute in 0..<minutes {
            let ratio = exp(offset + spread * normal())
            for block in 0..<12 {
                let cycle = WatchCycle(
                    atSeconds: Double(minute * 60 + block * 5), coveredSeconds: 5,
                    baseline: [
                        InstanceIncrements(
                            instance: "a", requests: requests / 12, errors: count(requests * rate / 12))
                    ],
                    canary: [
                        InstanceIncrements(
                            instance: "b", requests: requests / 12, errors: count(requests * rate * ratio / 12))
                    ])
                divergence.take(cycle) { _ in 1 }
            }
        }
        return divergence
    }

    @Test(arguments: [(0, 0), (0.2, 0), (0, 0.3), (-0.5, 0.15)] as [(Double, Double)])
    func theOffsetAndTheSpreadAreFound(_ offset: Double, _ spread: Double) throws {
        var (offsets, spreads) = (0.0, 0.0)
        let runs = 20
        for seed in 0..<runs {
            let divergence = Self.measured(offset: offset, spread: spread, minutes: 120, seed: UInt64(seed))
            let finding = try #require(divergence.findings.first)
            #expect(finding.event == .error && finding.cells == 120)
            offsets += log(finding.ratio) / Double(runs)
            spreads += finding.spread / Double(runs)
        }
        #expect(abs(offsets - offset) < 0.03, "\(offsets)")
        #expect(abs(spreads - spread) < 0.03, "\(spreads)")
    }

    /// Luck is no difference: with few events the spread beyond chance stays small.
    @Test func chanceIsTakenOff() throws {
        var largest = 0.0
        for seed in 0..<20 {
            let divergence = Self.measured(
                offset: 0, spread: 0, minutes: 120, seed: UInt64(seed), requests: 2_000, rate: 0.01)
            largest = max(largest, try #require(divergence.findings.first).spread)
        }
        #expect(largest < 0.15, "\(largest)")
    }

    @Test func tooFewCellsSayNothing() {
        #expect(Self.measured(offset: 0, spread: 0, minutes: 9, seed: 1).findings.isEmpty)
        #expect(Self.measured(offset: 0, spread: 0, minutes: 60, seed: 1, rate: 0).findings.isEmpty)
    }

    @Test func whatCanBeThePoolsIsTheMeanAndTwiceTheSpread() {
        let finding = PoolDivergence.Finding(event: .error, cells: 60, ratio: 0.8, spread: 0.1)
        #expect(abs(finding.unprovenRatio - 1.25 * exp(0.2)) < 1e-12)
    }
}
