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

@Suite("Gauges of rollouts")
struct RolloutGaugesTests {
    private static func samples(_ snapshot: RolloutSnapshot) -> (MetricFamily) -> [String] {
        var samples = MetricSamples()
        samples.add(snapshot, of: "shop")
        return { family in samples.lines(of: family).filter { !$0.hasPrefix("#") } }
    }

    private static func rollout(_ events: [RolloutEvent]) -> Rollout? {
        let entries = events.enumerated().map { index, event in
            JournalEntry(
                sequence: UInt64(42 + index), wallMs: 0, release: "shop", incident: nil,
                event: .rollout(id: "shop-r42", event))
        }
        var rollout = entries.first.flatMap { Rollout($0) }
        for entry in entries.dropFirst() { rollout?.apply(entry) }
        return rollout
    }

    @Test func aRolloutIsReportedWithItsStepAndItsHalts() throws {
        let steps = [StepPlan(basisPoints: 500), StepPlan(basisPoints: 10_000)]
        let record = PreparationRecord(
            version: VersionIdentity("v2"), place: "green", attempt: 1, by: "ci", expiresWallMs: 0)
        let rollout = try #require(
            Self.rollout([
                .prepared(record), .begun(by: "ci", steps: steps, bake: BakePlan()),
                .stepStanding(step: 1, basisPoints: 500, observed: ""), .halted(.router, text: "x"),
            ]))
        let lines = Self.samples(
            RolloutSnapshot(
                deployment: DeploymentRecord(places: []), running: rollout,
                gates: [GateResult(gate: "min", isOpen: true, text: "")], plan: RolloutPlan(steps: steps)))
        #expect(lines(.rolloutStep) == [#"rollguard_rollout_step{release="shop"} 1"#])
        #expect(lines(.rolloutShare) == [#"rollguard_rollout_share{release="shop"} 0.05"#])
        #expect(lines(.rolloutGate) == [#"rollguard_rollout_gate_open{release="shop",gate="min"} 1"#])
        #expect(lines(.rolloutHalted).contains(#"rollguard_rollout_halted{release="shop",reason="router"} 1"#))
        #expect(lines(.rolloutHalted).filter { $0.hasSuffix(" 1") }.count == 1)
        #expect(lines(.rolloutState).contains(#"rollguard_rollout_state{release="shop",state="standing"} 1"#))
    }

    @Test func betweenRolloutsNoStepIsReported() {
        let lines = Self.samples(
            RolloutSnapshot(deployment: DeploymentRecord(places: []), plan: RolloutPlan(steps: [])))
        #expect(lines(.rolloutStep).isEmpty)
        #expect(lines(.rolloutState).allSatisfy { $0.hasSuffix(" 0") })
        #expect(lines(.frozen) == [#"rollguard_release_frozen{release="shop"} 0"#])
    }
}
