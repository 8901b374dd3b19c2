import Testing

@testable import Statistics

@Suite("Self-check")
struct SelfCheckTests {
    /// Halves of one version: checks end by time, without alarms.
    @Test func equalHalvesRaiseNoAlarm() {
        var service = Service()
        service.requestsPerInstance = 40
        var check = SelfCheck(RegressionSettings(scope: .errors, falseAlarm: 0.01), seconds: 300)
        for _ in 0..<600 { check.take(service.cycle().baseline, coveredSeconds: 5) }
        #expect(check.checks == 10)
        #expect(check.falseAlarms == 0)
    }

    /// An instance that is worse for good shows what the test would do to a canary that sits on it.
    @Test func anUnevenBaselineIsFound() {
        var service = Service()
        var check = SelfCheck(RegressionSettings(scope: .errors, falseAlarm: 0.01), seconds: 3_600)
        for _ in 0..<300 {
            var baseline = service.cycle().baseline
            for index in baseline.indices where index % 2 == 1 { baseline[index].errors? *= 3 }
            check.take(baseline, coveredSeconds: 5)
        }
        #expect(check.falseAlarms > 0)
    }

    @Test func oneInstanceCannotBeSplit() {
        var service = Service()
        service.baselineInstances = 1
        var check = SelfCheck(RegressionSettings(scope: .errors), seconds: 60)
        for _ in 0..<100 { check.take(service.cycle().baseline, coveredSeconds: 5) }
        #expect(check.checks == 0 && check.maxLogE == 0)
    }

    @Test func itSurvivesEncoding() throws {
        var service = Service()
        var check = SelfCheck(RegressionSettings(scope: .errors), seconds: 300)
        for _ in 0..<100 { check.take(service.cycle().baseline, coveredSeconds: 5) }
        let restarted = try recoded(check)
        #expect(restarted.checks == check.checks && restarted.maxLogE == check.maxLogE)
    }
}
