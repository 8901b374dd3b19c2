/// The tables of pools that are scraped at different moments while outages of both come and go.
struct GapTables {
    let options: CalibrationOptions
    private(set) var violations: [String] = []
    private(set) var plots: [CalibrationPlot] = []

    init(options: CalibrationOptions) { self.options = options }

    mutating func text(progress: @Sendable (String) -> Void) async -> String {
        let cells = options.some(of: GapCell.healthy)
        var rows: [[String]] = []
        var tallies: [Tally] = []
        for (number, cell) in cells.enumerated() {
            progress("gaps, healthy: cell \(number + 1) of \(cells.count)")
            let tally = await tally(cell, number: number, releases: options.gapReleases, withPeers: true)
            tallies.append(tally)
            let place = GapTables.place(cell)
            if tally.alarmShare(0) > limit {
                violations.append(
                    "gaps: \(Markdown.percent(tally.alarmShare(0))) % at \(place.joined(separator: ", "))")
            }
            rows.append(place + GapTrial.names.indices.map { Markdown.percent(tally.alarmShare($0)) })
        }
        let head = ["req/s", "canary", "cycle s", "gap s", "bodies renewed every", "outages of both in the hour"]
        plots = [
            .falseRollbacks(
                "gaps.svg", title: "Healthy releases, pools scraped at different moments, outages of both pools",
                names: GapTrial.names, ours: 1, tallies: tallies)
        ]
        var text = "## False rollbacks of healthy releases: pools scraped at different moments, %\n\n"
        text += Markdown.table(head + GapTrial.names, rows)
        text += await "\n### Seconds to detection without outages, gap 0.05 s\n\n" + detection(progress: progress)
        return text
    }

    private func detection(progress: @Sendable (String) -> Void) async -> String {
        var rows: [[String]] = []
        for (number, cell) in GapCell.faulty.enumerated() {
            progress("gaps, faults: cell \(number + 1) of \(GapCell.faulty.count)")
            let found = await tally(cell, number: 1_000 + number, releases: max(1, options.gapReleases / 3))
            rows.append(
                ["\(Int(cell.requestsPerSecond))", "\(cell.canaryMultiplier)x"]
                    + GapTrial.ours.indices.map { found.detection($0, faultSeconds: 0).text })
        }
        return Markdown.table(["req/s", "canary"] + GapTrial.ours, rows)
    }

    private func tally(_ cell: GapCell, number: Int, releases: Int, withPeers: Bool = false) async -> Tally {
        let seed = options.seed
        let stream = 0x6761_7000 + UInt64(number)
        let methods = withPeers ? GapTrial.names.count : GapTrial.ours.count
        return await Workers.tally(releases: releases, methods: methods, jobs: options.jobs) { release in
            let chance = Chance(seed: seed, stream: stream, release: release)
            return GapTrial(cell: cell, chance: chance, withPeers: withPeers).alarms
        }
    }

    private var limit: Double {
        let stated = ErrorTrial.falseAlarm
        return stated + 2 * (stated * (1 - stated) / Double(max(1, options.gapReleases))).squareRoot()
    }

    private static func place(_ cell: GapCell) -> [String] {
        let outage =
            "\(cell.outages) of \(plain(cell.outageSeconds.lowerBound)) to \(plain(cell.outageSeconds.upperBound)) s"
        return [
            "\(Int(cell.requestsPerSecond))", Markdown.plainPercent(cell.canaryShare), plain(cell.cycleSeconds),
            plain(cell.gapSeconds), cell.renewalSeconds > 0 ? "\(plain(cell.renewalSeconds)) s" : "scrape", outage,
        ]
    }

    private static func plain(_ value: Double) -> String {
        value == value.rounded() ? "\(Int(value))" : "\(value)"
    }
}
