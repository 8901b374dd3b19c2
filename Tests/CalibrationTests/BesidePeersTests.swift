import Statistics
import Testing

@testable import Calibration

@Suite("Beside the peers")
struct BesidePeersTests {
    private static func cycle(_ second: Int) -> WatchCycle {
        WatchCycle(
            atSeconds: Double(second), coveredSeconds: 1,
            baseline: [InstanceIncrements(instance: "a", requests: 18, errors: 1)],
            canary: [InstanceIncrements(instance: "b", requests: 2, errors: 2)])
    }

    /// A Prometheus server that scrapes every five seconds has the sums of five cycles of a second.
    @Test func peersHaveAScrapeEachFiveSeconds() {
        var short = PeerRecord(cycleSeconds: 1)
        for second in 1...3_600 { short.take(BesidePeersTests.cycle(second)) }
        #expect(short.record.scrapes == Schedule.releaseScrapes)
        let counts = short.record.counts(from: 10, to: 11)
        #expect(
            [counts.baselineRequests, counts.baselineBad, counts.canaryRequests, counts.canaryBad] == [90, 5, 10, 10])
        let alarms = short.firstAlarms(requestsPerSecond: 20, canaryShare: 0.1, baseRate: 0.01)
        #expect(alarms.count == ErrorMethod.peers.count)
        #expect(alarms[0] == 360, "five failed checks of Flagger, then the tick")
    }

    /// The peers judge the same release: their presence changes nothing of Rollguard's own row.
    @Test func peersChangeNothing() {
        let cell = GapCell(requestsPerSecond: 1_000, cycleSeconds: 1, gapSeconds: 0.5, canaryMultiplier: 5)
        let alone = GapTrial(cell: cell, chance: Chance(seed: 7), withPeers: false)
        let beside = GapTrial(cell: cell, chance: Chance(seed: 7), withPeers: true)
        #expect(alone.alarms[0] != nil && Array(beside.alarms.prefix(2)) == alone.alarms)
        #expect(beside.alarms.count == GapTrial.names.count)
        var instances = InstanceCell.besidePeers[3]
        instances.canaryMultiplier = 10
        let one = InstanceTrial(cell: instances, chance: Chance(seed: 7))
        let two = InstanceTrial(cell: instances, chance: Chance(seed: 7), withPeers: true)
        #expect(one.alarm != nil && one.alarm == two.alarm && two.peerAlarms.count == ErrorMethod.peers.count)
    }

    /// Pools that wander apart share a rate within each pool, and have one of their own.
    @Test func poolsWanderAsPools() {
        let cell = InstanceCell(
            requestsPerSecond: 1e6, baselineInstances: 3, canaryInstances: 2, sigma: 0,
            pattern: .wanderingPools(deviation: 0.5, halfLifeSeconds: 600))
        var stream = InstanceStream(cell: cell, chance: Chance(seed: 5))
        stream.begin()
        for step in 1...50 {
            let cycle = stream.cycle(atSeconds: Double(step) * InstanceCell.cycleSeconds)
            func rates(_ pool: [InstanceIncrements]) -> [Double] { pool.map { ($0.errors ?? 0) / ($0.requests ?? 1) } }
            let (baseline, canary) = (rates(cycle.baseline), rates(cycle.canary))
            // Six standard errors of a rate of about 1 % among a million requests.
            for pool in [baseline, canary] { #expect((pool.max() ?? 0) - (pool.min() ?? 0) < 6 * 1.5e-4) }
            if step == 50 { #expect(abs(baseline[0] - canary[0]) > 1e-3) }
        }
    }

    /// A dot per cell, at 0 for none, on the line for what was asked for.
    @Test func thePlotHasADotPerCell() {
        let plot = DotPlot(
            title: "a < b & \"c\"", xTitle: "x",
            rows: [
                .init(name: "ours", isOurs: true, shares: [0, 0.01, 1]),
                .init(name: "peer", isOurs: false, shares: [0.5]),
            ],
            stated: 0.01)
        let svg = plot.svg
        #expect(svg.ranges(of: "<circle").count == 4)
        #expect(svg.contains("a &lt; b &amp; &quot;c&quot;"))
        let line = svg.split(separator: "class=\"stated\" d=\"M")[1].prefix { $0 != " " }
        #expect(svg.contains("cx=\"\(line)\""))
    }

    @Test func theReportHasItsPlots() async {
        var options = CalibrationOptions.quick
        options.parts = [.instances]
        (options.gapReleases, options.everyCell) = (2, 8)
        let report = await Calibration.report(options)
        #expect(report.plots.map(\.file) == ["instances.svg"])
        #expect(report.text.contains("| Rollguard |"))
    }
}
