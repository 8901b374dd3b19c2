import Model
import Telemetry
import Testing

@testable import Kernel

/// Only a canary that is seen to be silent for long enough, on every instance that served, is out.
@Suite("The proof of a rollback")
struct ProofTests {
    /// What one canary instance does in one cycle.
    enum Scrape: Equatable, CustomStringConvertible {
        case requests(Double)
        /// Answers with an error, or not in time: its process may serve.
        case fails
        /// No process listens there.
        case refuses
        /// Several processes answer in turn.
        case isAmbiguous
        /// Answers without any series of requests.
        case lacksTheSeries
        /// The same beside a series that is there whenever requests would be shown.
        case showsNone
        /// The same, while the reader still waits for series that had moved.
        case awaitsTheSeries
        /// Its process has restarted since the scrape before.
        case restarts(requests: Double)
        /// Repeats the scrape body of before, unchanged for so many seconds.
        case repeats(seconds: Double)
        /// No requests, and even what moves without traffic has not moved for so many seconds.
        case standsStill(seconds: Double)
        /// The scrape body has changed after so many seconds.
        case changes(requests: Double, afterSeconds: Double)

        var description: String {
            switch self {
            case .requests(let count): "\(count) requests"
            case .restarts(let count): "restarts and has \(count) requests"
            case .fails: "fails"
            case .refuses: "refuses"
            case .isAmbiguous: "is ambiguous"
            case .lacksTheSeries: "lacks the series"
            case .showsNone: "shows no requests"
            case .awaitsTheSeries: "waits for the series"
            case .repeats(let seconds): "repeats its body for \(seconds) s"
            case .standsStill(let seconds): "does not move for \(seconds) s"
            case .changes(let count, let seconds): "\(count) requests after \(seconds) s"
            }
        }
    }

    /// A release with two canary instances whose scrapes a test writes itself.
    struct World {
        var harness: KernelHarness
        private var covered: [Double] = [0, 0]

        init(
            proof: ProofPlan = ProofPlan(), intervalMs: Int64 = 1_000, unreadable: Bool = false,
            canaryBasisPoints: Int = 5_000
        ) {
            var plan = Plan.example(proof: proof)
            plan.releases[0].scrape = ScrapePlan(intervalMs: intervalMs, timeoutMs: intervalMs / 2)
            plan.releases[0].canary.targets.append(TargetPlan(instance: "b:2", url: "http://b:2/metrics"))
            plan.releases[0].rollback.deadlineMs = 600_000
            harness = KernelHarness(plan: plan, canaryBasisPoints: canaryBasisPoints)
            if unreadable { harness.mood = .blind }
        }

        var seconds: Double { Double(harness.plan.releases[0].scrape.intervalMs) / 1_000 }

        /// One cycle in which the canary's two instances do what is said, and the baseline is well.
        mutating func cycle(_ first: Scrape, _ second: Scrape, errors: Double = 0) {
            harness.pass(ms: harness.plan.releases[0].scrape.intervalMs)
            for (index, instance) in ["a:1", "a:2"].enumerated() {
                harness.send(report(.baseline, index, instance, .requests(100 * seconds), errors: 0))
            }
            for (index, scrape) in [first, second].enumerated() {
                covered[index] += seconds
                harness.send(report(.canary, index, "b:\(index + 1)", scrape, errors: errors))
                switch scrape {
                case .requests, .restarts, .changes: covered[index] = 0
                default: break
                }
            }
            harness.send(.cycleEnded(release: "checkout"))
        }

        private func report(_ pool: Pool, _ index: Int, _ instance: String, _ scrape: Scrape, errors: Double) -> Input {
            var reading = TargetReading(
                requests: 0, errors: 0, matches: .init(requests: 1, errors: 1), samples: 10,
                coveredSeconds: pool == .canary ? covered[index] : seconds)
            var outcome: ScrapeReport.Outcome?
            switch scrape {
            case .requests(let count): (reading.requests, reading.errors) = (count, count * errors)
            case .restarts(let count): (reading.requests, reading.errors, reading.resets) = (count, count * errors, 3)
            case .fails: outcome = .failure("status 500")
            case .refuses: outcome = .failure("refused")
            case .isAmbiguous: (reading.requests, reading.errors, reading.isAmbiguous) = (nil, nil, true)
            case .lacksTheSeries: reading = TargetReading(samples: 10)
            case .showsNone, .awaitsTheSeries:
                reading = TargetReading(matches: .init(presence: 1), samples: 10)
                reading.absentSeconds = scrape == .showsNone ? self.seconds : nil
            case .repeats(let seconds):
                reading.coveredSeconds = self.seconds
                reading.freshness = BodyFreshness(isKnownNew: false, secondsSinceChange: seconds)
            case .standsStill(let seconds):
                reading.coveredSeconds = self.seconds
                reading.freshness = BodyFreshness(isKnownNew: false, secondsSinceChange: seconds)
                reading.freshness.unrenewedSeconds = seconds
            case .changes(let count, let seconds):
                (reading.requests, reading.errors) = (count, count * errors)
                reading.freshness = BodyFreshness(isKnownNew: true, secondsSinceChange: 0, pauseSeconds: seconds)
            }
            return .scraped(
                ScrapeReport(
                    release: "checkout", pool: pool, target: index, instance: instance,
                    outcome: outcome ?? .success(reading, warnings: []), isUnreachable: scrape == .refuses))
        }

        /// Watched for a while, then sick, until the router shows 0 %.
        mutating func rollBack(_ first: Scrape = .requests(50), _ second: Scrape = .requests(50)) {
            for _ in 0..<6 { cycle(first, second) }
            for _ in 0..<30 where harness.release.phase != .rollingBack { cycle(first, second, errors: 0.5) }
            harness.pass(ms: 1)
            #expect(harness.release.phase == .rollingBack && harness.canaryBasisPoints == 0)
        }

        var isAcknowledged: Bool { harness.incidents.contains { $0.state == .acknowledged } }
        var steps: [String] { harness.incidents[0].timeline.map(\.step) }
    }

    @Test(arguments: [200, 500, 1_000, 5_000] as [Int64])
    func takesAsLongAsItTakesToDistinguishTheRates(_ intervalMs: Int64) {
        var world = World(intervalMs: intervalMs)
        world.rollBack()
        let needed = world.harness.plan.releases[0].shortestProofCycles
        var cycles: Int64 = 0
        while !world.isAcknowledged, cycles < 200 {
            world.cycle(.requests(0), .requests(0))
            cycles += 1
        }
        #expect(world.steps.contains("proven"))
        #expect((needed...needed + 1).contains(cycles), "\(cycles) cycles, \(needed) are enough")
        #expect(Double(cycles) * world.seconds >= 5.7)
        let mostMs = world.harness.plan.releases[0].shortestProofMs
        #expect(cycles * intervalMs <= mostMs)
    }

    /// Whole requests at a constant rate above `below`, whatever the interval.
    @Test(arguments: [0.6, 1, 2, 10], [200, 500, 1_000, 5_000] as [Int64])
    func doesNotComeWhileTheCanaryServes(_ rate: Double, _ intervalMs: Int64) {
        var world = World(intervalMs: intervalMs)
        world.rollBack()
        var (total, told) = (0.0, 0.0)
        for _ in 0..<(120_000 / intervalMs) {
            total += rate * world.seconds
            world.cycle(.requests(0), .requests(total.rounded(.down) - told))
            told = total.rounded(.down)
        }
        #expect(!world.isAcknowledged, "\(world.steps)")
        #expect(world.harness.release.explanation.contains("the router shows 0 %"))
    }

    /// Health checks below the rate only make it take longer.
    @Test(arguments: [0.1, 0.3])
    func comesInSpiteOfHealthChecks(_ rate: Double) {
        var world = World()
        world.rollBack()
        var (total, told) = (0.0, 0.0)
        for _ in 0..<40 where !world.isAcknowledged {
            total += rate
            world.cycle(.requests(total.rounded(.down) - told), .requests(0))
            told = total.rounded(.down)
        }
        #expect(world.isAcknowledged)
    }

    @Test(arguments: [Scrape.fails, .isAmbiguous])
    func doesNotComeWhileAnInstanceThatServedIsNotSeen(_ scrape: Scrape) {
        var world = World()
        world.rollBack()
        for _ in 0..<60 { world.cycle(.requests(0), scrape) }
        #expect(!world.isAcknowledged, "\(world.steps)")
        #expect(world.harness.release.explanation.contains("b:2"))
        // What it served meanwhile is counted when it comes back.
        for _ in 0..<5 { world.cycle(.requests(0), .requests(40)) }
        #expect(!world.isAcknowledged)
        for _ in 0..<8 { world.cycle(.requests(0), .requests(0)) }
        #expect(world.isAcknowledged && world.steps.contains("proven"))
    }

    /// Few requests over a long gap may all have come at its end, from a canary that serves again.
    @Test(arguments: [60, 160], [5.0, 13.0])
    func doesNotComeFromALongGapWithSomeRequests(_ gapCycles: Int, _ requests: Double) {
        var world = World()
        world.rollBack()
        for _ in 0..<gapCycles { world.cycle(.requests(0), .fails) }
        world.cycle(.requests(0), .requests(requests))
        #expect(!world.isAcknowledged, "\(world.steps)")
        for _ in 0..<10 { world.cycle(.requests(0), .requests(0)) }
        #expect(world.isAcknowledged && world.steps.contains("proven"))
    }

    /// A restart hides requests, so its time is no silence; but the requests of its first scrape body are there. Beside them
    /// the other instance's silence must not complete the proof.
    @Test(arguments: [1.0, 2.0, 4.0])
    func doesNotComeWhileARestartedInstanceServes(_ requests: Double) {
        var world = World(proof: ProofPlan(), intervalMs: 4_000)
        world.rollBack(.requests(200), .requests(200))
        for _ in 0..<2 { world.cycle(.requests(0), .fails) }
        world.cycle(.requests(0), .restarts(requests: requests))
        for _ in 0..<20 { world.cycle(.requests(0), .restarts(requests: requests)) }
        #expect(!world.isAcknowledged, "\(world.steps)")
    }

    /// One that was never seen with a request is a spare: what it does not report is no traffic.
    @Test func doesNotWaitForASpareInstance() {
        var world = World()
        world.rollBack(.requests(0), .requests(100))
        for _ in 0..<8 { world.cycle(.fails, .requests(0)) }
        #expect(world.isAcknowledged && world.steps.contains("proven"))
    }

    @Test func isNamedAsMissingWhereNoProcessListens() {
        var world = World()
        world.rollBack()
        for _ in 0..<5 { world.cycle(.requests(0), .refuses) }
        #expect(!world.isAcknowledged, "as long as a silence has to last")
        for _ in 0..<4 { world.cycle(.requests(0), .refuses) }
        #expect(world.isAcknowledged && world.steps.contains("unproven") && !world.steps.contains("proven"))
        let told = world.harness.deliveries.last { $0.notification.event == .rollbackAcknowledged }
        #expect(told?.notification.summary.contains("b:2") == true)
        #expect(world.harness.journal.contains { $0.event.name == "unproven" })
        // It comes back and is silent: now it is proven.
        for _ in 0..<10 { world.cycle(.requests(0), .requests(0)) }
        #expect(world.steps.contains("proven") && world.harness.release.phase == .rolledBack)
    }

    /// One of them answers, so its process is there and may serve.
    @Test func isNotReplacedByTheRoutersReadBackWhileAnInstanceAnswers() {
        var world = World()
        world.rollBack()
        for _ in 0..<60 { world.cycle(.fails, .refuses) }
        #expect(!world.isAcknowledged)
    }

    @Test func isNotReplacedWhereTheRouterCannotBeRead() {
        var world = World(unreadable: true)
        world.rollBack()
        for _ in 0..<60 { world.cycle(.refuses, .refuses) }
        #expect(!world.isAcknowledged)
    }

    /// An exporter renders its body every 15 s: the pauses in between are no silence.
    @Test func doesNotComeFromABodyThatIsRepeated() {
        var world = World()
        func cached(_ cycle: Int, rate: Double) -> Scrape {
            cycle % 15 == 14
                ? .changes(requests: rate * 15, afterSeconds: 15) : .repeats(seconds: Double(cycle % 15 + 1))
        }
        for cycle in 0..<45 { world.cycle(.requests(50), cached(cycle, rate: 50)) }
        for _ in 0..<10 where world.harness.release.phase != .rollingBack {
            world.cycle(.requests(50), .repeats(seconds: 1), errors: 0.9)
        }
        world.harness.pass(ms: 1)
        #expect(world.harness.canaryBasisPoints == 0)
        // It continues to serve.
        for cycle in 0..<60 { world.cycle(.requests(0), cached(cycle, rate: 20)) }
        #expect(!world.isAcknowledged, "\(world.steps)")
        // Then it stops.
        for cycle in 0..<14 { world.cycle(.requests(0), .repeats(seconds: Double(cycle + 1))) }
        #expect(!world.isAcknowledged && world.harness.release.explanation.contains("does not change"))
        for cycle in 14..<22 { world.cycle(.requests(0), .repeats(seconds: Double(cycle + 1))) }
        #expect(world.isAcknowledged && world.steps.contains("proven"))
    }

    /// Before it got its share the canary served nothing, so its scrape body did not change for two minutes. That says
    /// nothing about how often the exporter renders it.
    /// A cache that hangs since the moment of the rollback: not even the CPU time of its body moves.
    @Test func doesNotComeFromABodyThatNothingRenews() {
        var world = World()
        world.rollBack()
        for cycle in 1...200 { world.cycle(.requests(0), .standsStill(seconds: Double(cycle))) }
        #expect(!world.isAcknowledged)
        #expect(world.harness.release.explanation.contains("b:2 has been the same for 200 s"))
        world.cycle(.requests(0), .requests(0))
        #expect(world.isAcknowledged)
    }

    /// What moves without traffic moves now and then only: the silence counts up to the last time that it did.
    @Test func countsUpToTheLastRenewal() {
        var world = World()
        world.rollBack()
        var cycles = 0
        while !world.isAcknowledged, cycles < 100 {
            cycles += 1
            world.cycle(.standsStill(seconds: Double((cycles + 2) % 4)), .standsStill(seconds: Double(cycles % 4)))
        }
        #expect((7...11).contains(cycles), "\(cycles) cycles")
    }

    @Test func isNotDelayedByAPauseBeforeTheTraffic() {
        var world = World(canaryBasisPoints: 0)
        for cycle in 0..<120 {
            let silent = Scrape.repeats(seconds: Double(cycle + 1))
            world.cycle(silent, silent)
        }
        world.harness.canaryBasisPoints = 5_000
        world.harness.pass(ms: 10_000)
        let first = Scrape.changes(requests: 50, afterSeconds: 130)
        world.cycle(first, first)
        world.rollBack(.changes(requests: 50, afterSeconds: 1), .changes(requests: 50, afterSeconds: 1))
        for cycle in 0..<9 {
            let silent = Scrape.repeats(seconds: Double(cycle + 1))
            world.cycle(silent, silent)
        }
        #expect(world.isAcknowledged && world.steps.contains("proven"), "\(world.harness.release.explanation)")
    }

    /// Few requests make pauses too; those are no sign of a scrape body that is repeated.
    @Test func isNotDelayedByFewRequests() {
        var world = World()
        for cycle in 0..<60 {
            world.cycle(.requests(20), cycle % 20 == 0 ? .changes(requests: 1, afterSeconds: 20) : .repeats(seconds: 5))
        }
        for _ in 0..<10 where world.harness.release.phase != .rollingBack {
            world.cycle(.requests(20), .repeats(seconds: 1), errors: 0.9)
        }
        for cycle in 0..<9 { world.cycle(.requests(0), .repeats(seconds: Double(cycle + 1))) }
        #expect(world.isAcknowledged)
    }

    /// Requests that the scrapes make themselves are allowed for, and no others.
    @Test(arguments: [(1.0, true), (0.0, false)])
    func allowsForItsOwnScrapes(_ own: Double, _ comes: Bool) {
        var world = World()
        world.rollBack()
        for _ in 0..<20 where !world.isAcknowledged {
            world.harness.pass(ms: 1_000)
            for (pool, instances) in [(Pool.baseline, ["a:1", "a:2"]), (.canary, ["b:1", "b:2"])] {
                for (index, instance) in instances.enumerated() {
                    let reading = TargetReading(
                        requests: pool == .canary ? 1 : 100, errors: 0, matches: .init(requests: 1, errors: 1),
                        samples: 10, coveredSeconds: 1, movingSeries: [#"requests_total{path="/metrics"}"#])
                    world.harness.send(
                        .scraped(
                            ScrapeReport(
                                release: "checkout", pool: pool, target: index, instance: instance,
                                outcome: .success(reading, warnings: []), ownRequests: own)))
                }
            }
            world.harness.send(.cycleEnded(release: "checkout"))
        }
        #expect(world.isAcknowledged == comes)
        if !comes { #expect(world.harness.release.explanation.contains(#"path="/metrics""#)) }
    }

    /// A collector drops the series of requests once they are quiet.
    @Test func isReplacedByTheReadBackWhereTheSeriesAreLost() {
        var world = World()
        world.rollBack()
        for _ in 0..<4 { world.cycle(.requests(0), .lacksTheSeries) }
        #expect(!world.isAcknowledged)
        #expect(world.harness.release.explanation.contains("b:2 no longer has the series requests_total"))
        for _ in 0..<8 { world.cycle(.requests(0), .lacksTheSeries) }
        #expect(world.isAcknowledged && world.steps.contains("unproven") && !world.steps.contains("proven"))
    }

    /// A proxy that shows the canary, and no series of its requests, has served none.
    @Test(arguments: [Scrape.requests(50), .showsNone]) func restsOnAnAbsenceThatIsShown(_ before: Scrape) {
        var world = World()
        world.rollBack(.requests(50), before)
        for _ in 0..<4 { world.cycle(.requests(0), .showsNone) }
        #expect(!world.isAcknowledged)
        for _ in 0..<8 { world.cycle(.requests(0), .showsNone) }
        #expect(world.isAcknowledged && world.steps.contains("proven") && !world.steps.contains("unproven"))
    }

    /// The read-back is not accepted in the place of a proof that is about to come.
    @Test func waitsForAnAbsenceThatIsNotKnownYet() {
        var world = World()
        world.rollBack()
        for _ in 0..<15 { world.cycle(.requests(0), .awaitsTheSeries) }
        #expect(!world.isAcknowledged)
        for _ in 0..<8 { world.cycle(.requests(0), .showsNone) }
        #expect(world.isAcknowledged && world.steps.contains("proven"))
    }

    /// Absent on one proxy, and served on another one or not to be seen there.
    @Test(arguments: [Scrape.requests(5), .fails, .lacksTheSeries]) func needsTheAbsenceOnAllTargets(_ other: Scrape) {
        var world = World()
        world.rollBack()
        for _ in 0..<20 { world.cycle(other, .showsNone) }
        #expect(!world.steps.contains("proven"))
    }

    /// What the series of requests are like was never seen, so their absence may be the configuration's fault.
    @Test func doesNotRestOnAnAbsenceOfWhatWasNeverThere() {
        var world = World()
        for _ in 0..<6 { world.cycle(.showsNone, .showsNone) }
        _ = world.harness.command(.rollback(release: "checkout", toVersion: nil))
        for _ in 0..<40 { world.cycle(.showsNone, .showsNone) }
        #expect(world.harness.canaryBasisPoints == 0 && !world.isAcknowledged)
        #expect(world.harness.release.explanation.contains("has no series requests_total yet"))
    }

    /// Samples of a server that were taken before the router showed 0 %.
    @Test(arguments: [(0, true), (60_000, false)] as [(Int64, Bool)])
    func takesOnlyAnAbsenceThatBeganAfterTheReadBack(_ ageMs: Int64, _ isProven: Bool) {
        var world = World()
        world.rollBack()
        for _ in 0..<20 {
            world.harness.pass(ms: 1_000)
            for index in 0..<2 {
                var reading = TargetReading(matches: .init(presence: 1), samples: 10)
                reading.absentSeconds = 1
                var report = ScrapeReport(
                    release: "checkout", pool: .canary, target: index, instance: "b:\(index + 1)",
                    outcome: .success(reading, warnings: []))
                let sampled = world.harness.now.uptimeMs - ageMs
                (report.sampledUptimeMs, report.origin) = (sampled...sampled, SampleOrigin(ageMs: ageMs))
                world.harness.send(.scraped(report))
            }
            world.harness.send(.cycleEnded(release: "checkout"))
        }
        #expect(world.steps.contains("proven") == isProven)
    }

    /// Its requests were never seen, perhaps because of the configuration.
    @Test func isNotReplacedWhereTheSeriesWereNeverThere() {
        var world = World()
        for _ in 0..<6 { world.cycle(.requests(50), .lacksTheSeries) }
        world.rollBack(.requests(50), .lacksTheSeries)
        for _ in 0..<40 { world.cycle(.requests(0), .lacksTheSeries) }
        #expect(!world.isAcknowledged)
    }

    /// Probes every other cycle: most cycles count none, and the proof does not come all the same.
    @Test func namesWhatMovedThoughTheLastCycleWasQuiet() {
        var world = World()
        world.rollBack()
        for cycle in 0..<21 { world.cycle(.requests(cycle % 3 == 0 ? 3 : 0), .requests(0)) }
        world.cycle(.requests(0), .requests(0))
        #expect(!world.isAcknowledged)
        #expect(world.harness.release.explanation.contains("lately it served"), "\(world.harness.release.explanation)")
    }

    /// Whether a target that left the configuration is silent cannot be seen, so nothing is called proven.
    @Test func isNotClaimedForATargetThatWasRemoved() {
        var world = World()
        world.rollBack()
        var plan = world.harness.plan
        plan.releases[0].canary.targets.removeLast()
        world.harness.send(.reload(plan))
        world.harness.plan = plan
        for _ in 0..<12 { world.cycle(.requests(0), .requests(0)) }
        #expect(world.isAcknowledged && world.steps.contains("unproven") && !world.steps.contains("proven"))
        let told = world.harness.deliveries.last { $0.notification.event == .rollbackAcknowledged }
        #expect(told?.notification.summary.contains("b:2 served the canary") == true)
    }

    @Test func theDeadlineSaysWhatIsInTheWay() {
        var world = World()
        world.harness.plan.releases[0].rollback.deadlineMs = 20_000
        world.harness.send(.reload(world.harness.plan))
        world.rollBack()
        for _ in 0..<30 { world.cycle(.requests(0), .fails) }
        let told = world.harness.deliveries.last { $0.notification.event == .rollbackAbandoned }
        #expect(told?.notification.summary.contains("b:2 (status 500)") == true)
    }

    /// A target that is added while the rollback continues counts as serving until it was seen, and a reload is no
    /// silence.
    @Test func waitsForATargetThatIsAddedMeanwhile() {
        var world = World()
        world.rollBack()
        for _ in 0..<2 { world.cycle(.requests(0), .requests(0)) }
        var plan = world.harness.plan
        plan.releases[0].canary.targets.append(TargetPlan(instance: "b:3", url: "http://b:3/metrics"))
        world.harness.send(.reload(plan))
        for _ in 0..<20 { world.cycle(.requests(0), .requests(0)) }
        #expect(!world.isAcknowledged && world.harness.release.explanation.contains("b:3"))
        plan.releases[0].canary.targets.removeLast()
        world.harness.send(.reload(plan))
        for _ in 0..<8 { world.cycle(.requests(0), .requests(0)) }
        #expect(world.isAcknowledged)
    }
}

@Suite("Traffic after a rollback")
struct StrayTrafficTests {
    private func rolledBack() -> KernelHarness {
        var world = KernelHarness(plan: .example(proof: ProofPlan()))
        world.cycle(3)
        world.canary.errors = 30
        world.cycle(12)
        #expect(world.release.phase == .rolledBack)
        return world
    }

    @Test func reopensTheIncidentAndIsAnnounced() {
        var world = rolledBack()
        world.strayRequests = 40
        world.cycle(12)
        #expect(world.release.phase == .rollingBack && world.incidents.map(\.isOpen) == [true])
        #expect(world.count(.rollbackDrifted) == 1)
        let told = world.deliveries.last { $0.notification.event == .rollbackDrifted }
        #expect(told?.notification.summary.contains("40 requests/s") == true)
        #expect(world.journal.contains { $0.event == .strayed(canaryRate: 40) })
        // A restart knows of it.
        world.restart()
        #expect(world.release.phase == .rollingBack && world.incidents.map(\.isOpen) == [true])
        world.strayRequests = 0
        world.cycle(12)
        #expect(world.release.phase == .rolledBack && world.incidents.map(\.state) == [.acknowledged])
        #expect(world.count(.rollbackAcknowledged) == 2)
    }

    /// One request of a probe, or a burst of many, is not sustained traffic.
    @Test(arguments: [1.0, 500.0])
    func isNotOneBurst(_ requests: Double) {
        var world = rolledBack()
        for _ in 0..<10 {
            world.strayRequests = requests
            world.cycle(1)
            world.strayRequests = 0
            world.cycle(12)
        }
        #expect(world.release.phase == .rolledBack && world.count(.rollbackDrifted) == 0)
    }

    /// Bursts of several requests are below `proof.below` in the mean; nothing warns of what the release calls no
    /// traffic.
    @Test func isNoWarningBelowTheRate() {
        var world = KernelHarness(plan: .example(proof: ProofPlan(belowPerSecond: 5)))
        world.cycle(3)
        world.canary.errors = 30
        world.cycle(12)
        world.strayRequests = 4.9
        world.cycle(60)
        #expect(world.release.phase == .rolledBack && world.count(.rollbackDrifted) == 0)
        #expect(!world.release.warnings.contains { $0.contains("has traffic") })
        world.strayRequests = 6
        world.cycle(5)
        #expect(world.release.warnings.contains { $0.contains("has traffic") } || world.count(.rollbackDrifted) == 1)
    }

    /// The announced rate is that of the whole time, not the last cycle's.
    @Test func announcesTheRateOverTheWholeTime() {
        var world = rolledBack()
        for cycle in 0..<14 where world.count(.rollbackDrifted) == 0 {
            world.strayRequests = cycle % 2 == 0 ? 30 : 10
            world.cycle(1)
        }
        let rate = world.journal.compactMap { if case .strayed(let rate) = $0.event { rate } else { nil } }.first
        #expect(rate.map { (18...22).contains($0) } == true, "\(String(describing: rate))")
    }

    /// A rate just above what counts as gone takes longer to detect, and is reported.
    @Test func isFoundWhenItIsLittle() {
        var world = rolledBack()
        for cycle in 0..<40 {
            world.strayRequests = cycle % 2 == 0 ? 2 : 0
            world.cycle(1)
        }
        #expect(world.count(.rollbackDrifted) == 1)
    }

    @Test func isNotAnnouncedMoreThanOnceAMinute() {
        var world = rolledBack()
        for _ in 0..<300 {
            world.strayRequests = world.release.phase == .rolledBack ? 40 : 0
            world.cycle(1)
        }
        #expect((2...6).contains(world.count(.rollbackDrifted)), "\(world.count(.rollbackDrifted))")
    }
}
