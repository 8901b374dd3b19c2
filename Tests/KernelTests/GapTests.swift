import Model
import Telemetry
import Testing

@testable import Kernel

/// What a scrape reports after a silence belongs to the silence.
@Suite("A gap in the scrapes")
struct GapTests {
    private func report(_ pool: Pool, _ index: Int, _ instance: String, errors: Double, seconds: Double) -> Input {
        .scraped(
            ScrapeReport(
                release: "checkout", pool: pool, target: index, instance: instance,
                outcome: .success(
                    TargetReading(
                        requests: 100 * seconds, errors: errors * seconds, matches: .init(requests: 1, errors: 1),
                        samples: 10, coveredSeconds: seconds), warnings: [])))
    }

    /// Sixty seconds without a scrape body, in which the canary was sick for a while and recovered: a rule over ten
    /// seconds hears of it on the first body afterwards, and does not take it for the present.
    @Test func isNoEvidenceForAShorterWindow() {
        var world = KernelHarness()
        world.cycle(12)
        world.canary.isUp = false
        world.baseline.isUp = false
        world.cycle(60)
        world.pass(ms: 1_000)
        world.send(report(.baseline, 0, "a:1", errors: 0, seconds: 61))
        world.send(report(.baseline, 1, "a:2", errors: 0, seconds: 61))
        world.send(report(.canary, 0, "b:1", errors: 30, seconds: 61))
        world.send(.cycleEnded(release: "checkout"))
        #expect(world.release.rules[0].evidence?.verdict.name == "inconclusive")
        world.canary.isUp = true
        world.baseline.isUp = true
        world.cycle(20)
        #expect(world.release.rules[0].evidence?.verdict == .healthy)
        #expect(world.applied.isEmpty)
    }

    /// One lost scrape body costs a window of ten cycles nothing.
    @Test func ofOneScrapeIsTakenInWhole() {
        var world = KernelHarness()
        world.cycle(12)
        world.canary.isUp = false
        world.cycle(1)
        world.canary.isUp = true
        world.pass(ms: 1_000)
        world.send(report(.baseline, 0, "a:1", errors: 0, seconds: 1))
        world.send(report(.baseline, 1, "a:2", errors: 0, seconds: 1))
        world.send(report(.canary, 0, "b:1", errors: 30, seconds: 2))
        world.send(.cycleEnded(release: "checkout"))
        #expect(world.release.rules[0].evidence?.canary.errors == 60)
    }

    /// The process is stopped while a target answers. The answer has waited for a minute in the connection, and its body
    /// says nothing about the time in which it is read.
    @Test(arguments: [Int64(500), 62_000]) func ofAnAnswerThatWaitedIsOfUnknownAge(_ answerMs: Int64) {
        var world = KernelHarness()
        world.cycle(12)
        world.pass(ms: answerMs)
        world.send(.cycleEnded(release: "checkout"))
        guard case .scraped(var body) = report(.canary, 0, "b:1", errors: 30, seconds: 1) else { return }
        body.sampledUptimeMs = world.now.uptimeMs - answerMs...world.now.uptimeMs
        world.send(.scraped(body))
        for (index, instance) in ["a:1", "a:2"].enumerated() {
            world.send(report(.baseline, index, instance, errors: 0, seconds: 1))
        }
        world.pass(ms: 1_000)
        world.send(.cycleEnded(release: "checkout"))
        let evidence = world.release.rules[0].evidence
        #expect(evidence?.canary.errors == (answerMs < 1_000 ? 30 : 0))
        #expect((world.release.canary.requestRate == nil) == (answerMs > 1_000))
    }
}

@Suite("A new process")
struct NewProcessTests {
    private let now = Moment(uptimeMs: 50_000, wallMs: 1_700_000_000_000)

    @Test func startedDuringTheWatch() {
        let range = NewProcesses.started(sinceUptimeMs: 30_000, at: now)
        #expect(range == 1_699_999_980...1_700_000_000)
    }

    /// The wall clock was an hour behind when the release began and is right now: a process that has been running for
    /// half an hour is still an old one.
    @Test func isNotMadeByAWallClockThatIsSet() {
        var world = KernelHarness()
        world.now.wallMs -= 3_600_000
        world.cycle(6)
        world.now.wallMs += 3_600_000
        let since = world.kernel.watchedSinceUptimeMs(release: "checkout") ?? -1
        let range = NewProcesses.started(sinceUptimeMs: since, at: world.now)
        let wallSeconds = Double(world.now.wallMs) / 1_000
        #expect(!range.contains(wallSeconds - 1_800))
        #expect(range.contains(wallSeconds - 1))
    }

    /// After a restart the windows are empty: nothing before it is evidence.
    @Test func isCountedAgainAfterARestart() {
        var world = KernelHarness()
        world.cycle(6)
        world.restart()
        #expect(world.kernel.watchedSinceUptimeMs(release: "checkout") == world.now.uptimeMs)
    }
}
