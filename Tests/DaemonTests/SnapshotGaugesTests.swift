import Bench
import Model
import Telemetry
import Testing

@testable import Daemon

@Suite("Gauges")
struct SnapshotGaugesTests {
    /// Both pools of a busy kernel do the same, 1 000 requests of which ten fail with each of four targets' scrape
    /// bodies.
    @Test func theEvidenceOfARegressionRuleIsReported() throws {
        let rule = RulePlan.regression(RegressionPlan(scope: .errors), group: "g", name: "Worse")
        var busy = BusyKernel(rules: [rule], targets: 8, reading: BusyKernel.busyReading)
        busy.cycle(60)
        var samples = MetricSamples()
        samples.add(busy.kernel.snapshot(at: busy.now), outbox: nil)
        func value(_ family: MetricFamily, _ last: String) -> Double? {
            let line = samples.lines(of: family).first { $0.contains(last) }
            return line.flatMap { $0.split(separator: " ").last }.flatMap { Double($0) }
        }
        let requests = try #require(value(.evidenceRequests, "pool=\"canary\""))
        #expect(requests > 0 && requests == value(.evidenceRequests, "pool=\"baseline\""))
        #expect(value(.evidenceBad, "pool=\"canary\"") == requests / 100)
        #expect(value(.evidenceRatio, "bound=\"seen\"") == 1)
        let (low, high) = (value(.evidenceRatio, "bound=\"low\""), value(.evidenceRatio, "bound=\"high\""))
        #expect(try #require(low) < 1 && (try #require(high)) > 1)
        let within = ["1m", "10m", "60m"].map { value(.evidenceDetectable, "within=\"\($0)\"") }
        let ratios = within.compactMap(\.self)
        #expect(ratios.count == 3 && ratios == ratios.sorted(by: >) && ratios[2] > 1)
        #expect(value(.evidence, "rule=\"Worse\"") != nil && value(.evidenceDispersion, "rule=\"Worse\"") != nil)
    }
}
