import ConfigurationFiles
import Declarations
import Foundation
import Notifications
import Routers
import TargetSources
import Testing

/// Every rule file that we ship, on releases that were recorded.
@Suite("The rules we ship")
struct ShippedRuleTests {
    private static let folder = Recording.folder.deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appendingPathComponent("rules").path

    private static func replay(_ rules: [String], _ recording: Recording) throws -> ReplayedRelease {
        let files = rules.map { "\"\(folder)/\($0)\"" }.joined(separator: ", ")
        let configuration = """
            state: /var/lib/rollguard
            releases:
              - name: checkout
                scrape: {interval: 5s, timeout: 2s}
                pools:
                  baseline: {version: v1, targets: ["10.0.0.1:9090"]}
                  canary:   {version: v2, targets: ["10.0.0.2:9090"]}
                indicators:
                  requests: http_requests_total
                  errors:   http_requests_total{code=~"5.."}
                  latency:  http_request_duration_seconds
                router: {kind: gray, instances: ["http://127.0.0.1:9412"]}
                rules: [\(files)]

            """
        let path = FileManager.default.temporaryDirectory.appendingPathComponent("rules-\(UUID().uuidString).yaml").path
        try configuration.write(toFile: path, atomically: true, encoding: .utf8)
        defer { try? FileManager.default.removeItem(atPath: path) }
        let result = Rulebook.load(
            configuration: path, files: DiskFiles(),
            kinds: ConfigurationKinds(
                routers: RouterKinds.all, receivers: ReceiverKinds.all, sources: TargetSourceKinds.all))
        let plan = try #require(result.plan, "\(result.errors.map(\.description))")
        var release = try ReplayedRelease(plan: plan)
        release.run(recording)
        return release
    }

    private static var all: [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).filter { $0.hasSuffix(".yaml") }.sorted()
    }

    @Test func noneFiresOnAHealthyRelease() throws {
        #expect(Self.all.count >= 4)
        let release = try Self.replay(Self.all, try Recording("healthy"))
        #expect(release.fired.isEmpty && !release.isRolledBack)
    }

    @Test(arguments: [
        ("error-rate.yaml", "errors", "CanaryErrorRate"), ("latency-p99.yaml", "latency", "CanaryLatencyP99"),
        ("traffic-absent.yaml", "crash", "CanaryTrafficAbsent"), ("backstop.yaml", "errors", "CanaryGrossErrors"),
        ("backstop.yaml", "latency", "CanaryGrossLatency"),
    ])
    func eachTakesOutTheReleaseItIsMeantFor(_ file: String, _ recording: String, _ rule: String) throws {
        let release = try Self.replay([file], try Recording(recording))
        #expect(release.fired == [rule])
        #expect(release.isRolledBack)
        // The fault begins in cycle 8; the recording continues for a long time after it.
        let cycle = try #require(release.firedAtCycle)
        #expect(cycle > 8 && cycle < 26, "\(cycle)")
    }

    /// Proof takes its time where the baseline has one instance: the sick part of the recording lasts six minutes more.
    @Test func theRegressionIsProven() throws {
        var recording = try Recording("errors")
        let sick = recording.cycles.dropFirst(10)
        for _ in 0..<4 { recording.cycles += sick }
        let release = try Self.replay(["regression.yaml"], recording)
        #expect(release.fired == ["CanaryProvablyWorse"])
        #expect(release.isRolledBack)
        var healthy = try Recording("healthy")
        for _ in 0..<4 { healthy.cycles += healthy.cycles.dropFirst(10) }
        #expect(try Self.replay(["regression.yaml"], healthy).fired.isEmpty)
    }

    /// When both versions fail alike it is not the canary: a notification is sent, nothing is moved.
    @Test func aBaselineThatIsAsSickIsNotTheCanarysFault() throws {
        var recording = try Recording("errors").withSickBaseline
        // A condition on both pools that has just begun to hold waits a cycle longer.
        recording.cycles += recording.cycles.suffix(4)
        let release = try Self.replay(Self.all, recording)
        #expect(release.fired == ["BothPoolsSick"])
        #expect(!release.isRolledBack)
    }

    /// Every file has its row above.
    @Test func noRuleIsShippedWithoutARecording() {
        #expect(
            Self.all == [
                "backstop.yaml", "both-pools-sick.yaml", "error-rate.yaml", "latency-p99.yaml", "regression.yaml",
                "traffic-absent.yaml",
            ])
    }
}
