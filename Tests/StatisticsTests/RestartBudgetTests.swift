import Foundation
import Testing

@testable import Statistics

/// A release has one false-alarm probability, however often its comparison begins again.
@Suite("The budget of a comparison that begins again")
struct RestartBudgetTests {
    private static func settings(_ falseAlarm: Double = 0.001) -> RegressionSettings {
        var settings = RegressionSettings(scope: .errors, falseAlarm: falseAlarm)
        settings.mayRestart = true
        return settings
    }

    /// The union bound over any number of runs.
    @Test func allPartsTogetherAreAtMostOne() {
        var sum = 0.0
        for restarts in 0..<100_000 { sum += RestartBudget.part(afterRestarts: restarts) }
        #expect(sum < 1 && sum > 0.9999)
        let parts = (0..<50).map { RestartBudget.part(afterRestarts: $0) }
        #expect(zip(parts, parts.dropFirst()).allSatisfy { $0 > $1 })
    }

    @Test(arguments: [RegressionSettings.Scope.errors, .release, .latency(quantile: 0.9)])
    func eachRunHasItsPartOfTheStatedProbability(_ scope: RegressionSettings.Scope) {
        var settings = Self.settings()
        settings.scope = scope
        var evidence = ReleaseEvidence(rules: [settings])
        evidence.begin()
        for restarts in 0..<5 {
            let alpha = 0.001 * RestartBudget.part(afterRestarts: restarts)
            var service = Service()
            for _ in 0..<3 { evidence.take(service.cycle()) }
            let shown = evidence.evidence(rule: 0)
            #expect(abs(shown.barLogE - log(1 / alpha)) < 1e-9, "after \(restarts) restarts")
            #expect(shown.falseAlarm == 0.001, "what is stated is of the whole release")
            evidence.restart()
        }
        // A new release has all of it again.
        evidence.begin()
        #expect(abs(evidence.monitors[0].barLogE - log(1 / 0.0005)) < 1e-9)
    }

    /// Without a list that may change the only run has the whole budget, and a restart of the daemon forgets nothing.
    @Test func theRestartsAreKeptInTheRecord() throws {
        var fixed = ReleaseEvidence(rules: [RegressionSettings(scope: .errors, falseAlarm: 0.01)])
        fixed.begin()
        #expect(abs(fixed.monitors[0].barLogE - log(100)) < 1e-9)
        var evidence = ReleaseEvidence(rules: [Self.settings(0.01)])
        evidence.begin()
        evidence.restart()
        evidence.restart()
        let stored = try JSONDecoder().decode(ReleaseEvidence.self, from: JSONEncoder().encode(evidence.condensed))
        #expect(stored.monitors == evidence.monitors)
        #expect(abs(stored.monitors[0].barLogE - log(100 * 12)) < 1e-9)
    }

    /// Releases in which nothing differs, whose comparison begins again every few cycles. The detectors are fast to alarm with a
    /// budget as large as this, and without a share of it each run would have the chance of a release of its own.
    @Test func aHealthyReleaseThatBeginsAgainOftenIsSeldomCalledWorse() {
        let (releases, falseAlarm) = (150, 0.3)
        func alarms(sharing: Bool) -> Int {
            (0..<releases).count { number in
                var service = Service()
                service.chance = Chance(UInt64(number) * 77 + 5)
                (service.requestsPerInstance, service.errorRate, service.canaryErrorRate) = (40, 0.2, 0.2)
                var evidence = ReleaseEvidence(rules: [
                    sharing ? Self.settings(falseAlarm) : RegressionSettings(scope: .errors, falseAlarm: falseAlarm)
                ])
                for _ in 0..<20 { evidence.take(service.cycle()) }
                evidence.begin()
                for run in 0..<8 {
                    if run > 0 { if sharing { evidence.restart() } else { evidence.begin() } }
                    for _ in 0..<12 {
                        evidence.take(service.cycle())
                        if evidence.monitors[0].verdict == .worse { return true }
                    }
                }
                return false
            }
        }
        let (shared, fresh) = (alarms(sharing: true), alarms(sharing: false))
        #expect(Double(shared) <= falseAlarm * Double(releases), "\(shared) of \(releases)")
        #expect(shared < fresh, "\(shared) with one budget, \(fresh) with one for each run")
    }
}
