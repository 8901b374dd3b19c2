/// The tables of few instances that differ, of instances and pools that wander, and of clusters, beside the peers.
struct InstanceTables {
    let options: CalibrationOptions
    private(set) var violations: [String] = []
    private(set) var plots: [CalibrationPlot] = []

    init(options: CalibrationOptions) { self.options = options }

    mutating func text(progress: @Sendable (String) -> Void) async -> String {
        let cells = options.some(of: InstanceCell.besidePeers)
        var healthy: [Tally] = []
        var rows: [[String]] = []
        var faults: [[String]] = []
        for (number, cell) in cells.enumerated() {
            progress("instances: cell \(number + 1) of \(cells.count)")
            let tally = await tally(cell, number: number, releases: options.gapReleases)
            note(cell, tally)
            healthy.append(tally)
            rows.append(
                InstanceTables.place(cell) + InstanceTrial.names.indices.map { Markdown.percent(tally.alarmShare($0)) })
            var sick = cell
            sick.canaryMultiplier = 5
            let found = await self.tally(sick, number: 100 + number, releases: max(1, options.gapReleases / 3))
            faults.append(
                InstanceTables.place(cell)
                    + InstanceTrial.names.indices.map { found.detection($0, faultSeconds: 0).text })
        }
        plots = [
            .falseRollbacks(
                "instances.svg", title: "Healthy releases, few instances that differ, wandering, clusters",
                names: InstanceTrial.names, ours: 1, tallies: healthy)
        ]
        let head = ["req/s", "instances", "sigma", "pattern"] + InstanceTrial.names
        return "## False rollbacks of healthy releases: instances that differ, %\n\n" + Markdown.table(head, rows)
            + "\n### Seconds to detection of a canary that is five times as bad\n\n" + Markdown.table(head, faults)
    }

    private mutating func note(_ cell: InstanceCell, _ tally: Tally) {
        let stated = ErrorTrial.falseAlarm
        let limit = stated + 2 * (stated * (1 - stated) / Double(max(1, options.gapReleases))).squareRoot()
        guard cell.isPromised, tally.alarmShare(0) > limit else { return }
        violations.append(
            "instances: \(Markdown.percent(tally.alarmShare(0))) % at "
                + InstanceTables.place(cell).joined(separator: ", "))
    }

    private func tally(_ cell: InstanceCell, number: Int, releases: Int) async -> Tally {
        let seed = options.seed
        let stream = 0x696e_7300 + UInt64(number)
        return await Workers.tally(releases: releases, methods: InstanceTrial.names.count, jobs: options.jobs) {
            release in
            let trial = InstanceTrial(
                cell: cell, chance: Chance(seed: seed, stream: stream, release: release), withPeers: true)
            return [trial.alarm] + trial.peerAlarms
        }
    }

    private static func place(_ cell: InstanceCell) -> [String] {
        [
            "\(Int(cell.requestsPerSecond))", "\(cell.baselineInstances) + \(cell.canaryInstances)", "\(cell.sigma)",
            cell.pattern.name,
        ]
    }
}
