/// The tables of latency: false rollbacks and times to detection, of whole releases and of a rule on a percentile.
struct LatencyTables {
    let options: CalibrationOptions
    private(set) var violations: [String] = []
    private static let kinds: [(name: String, kind: Fault.Kind)] = [
        ("p99 x1.2", .tail(1.2)), ("p99 x1.5", .tail(1.5)), ("p99 x2", .tail(2)), ("1 % stuck", .stuck),
    ]
    private static let starts = [0.0, 600]

    init(options: CalibrationOptions) { self.options = options }

    mutating func text(progress: @Sendable (String) -> Void) async -> String {
        let cells = options.some(of: Cell.latencyGrid)
        var healthy: [Tally] = []
        for (number, cell) in cells.enumerated() {
            progress("latency, healthy: cell \(number + 1) of \(cells.count)")
            healthy.append(await tally(cell, .none, 0, options.healthyLatencyReleases))
        }
        noteViolations(cells, healthy)
        var text = "## False rollbacks of healthy releases: latency, %\n\n"
        let rows = zip(cells, healthy).map { cell, tally in
            LatencyTables.place(cell) + LatencyTrial.names.indices.map { Markdown.percent(tally.alarmShare($0)) }
        }
        text += Markdown.table(["latency", "req/s", "canary"] + LatencyTrial.names, rows)
        text += await "\n## Seconds to detection: latency\n\n" + detection(cells, progress: progress)
        return text
    }

    private static func place(_ cell: Cell) -> [String] { [cell.pattern.rawValue] + Markdown.cell(cell).prefix(2) }

    private func tally(
        _ cell: Cell, _ kind: Fault.Kind, _ start: Double, _ releases: Int, ofPercentile: Bool = false
    ) async -> Tally {
        let seed = options.seed
        var stream = UInt64(cell.requestsPerSecond) * 7_919 + UInt64(cell.canaryShare * 1_000) * 104_729
        stream += (cell.pattern == .bursty ? 1 : 2) + UInt64(start) << 40
        switch kind {
        case .none, .errors: break
        case .tail(let times): stream += UInt64(times * 10) << 52
        case .stuck: stream += 99 << 52
        }
        if ofPercentile { stream += 1 << 62 }
        let methods = ofPercentile ? 1 : LatencyTrial.names.count
        let number = stream
        return await Workers.tally(releases: releases, methods: methods, jobs: options.jobs) { release in
            let chance = Chance(seed: seed, stream: number, release: release)
            let fault = Fault(kind: kind, fromSeconds: start)
            if ofPercentile { return LatencyTrial(percentileOf: cell, fault: fault, chance: chance).alarms }
            return LatencyTrial(cell: cell, fault: fault, chance: chance).alarms
        }
    }

    private mutating func noteViolations(_ cells: [Cell], _ tallies: [Tally]) {
        for (cell, tally) in zip(cells, tallies) {
            for (method, name) in LatencyTrial.ours.enumerated() where tally.alarmShare(method) > limit {
                let place = LatencyTables.place(cell).joined(separator: ", ")
                violations.append("\(name): \(Markdown.percent(tally.alarmShare(method))) % at \(place)")
            }
        }
    }

    private var limit: Double {
        let stated = ErrorTrial.falseAlarm
        return stated + 2 * (stated * (1 - stated) / Double(options.healthyLatencyReleases)).squareRoot()
    }

    /// One row per cell: false rollbacks, and the faults.
    mutating func percentileText(progress: @Sendable (String) -> Void) async -> String {
        let cells = options.some(of: Cell.latencyGrid)
        var rows: [[String]] = []
        for (number, cell) in cells.enumerated() {
            progress("latency_p99: cell \(number + 1) of \(cells.count)")
            let healthy = await tally(cell, .none, 0, options.healthyLatencyReleases, ofPercentile: true)
            if healthy.alarmShare(0) > limit {
                let place = LatencyTables.place(cell).joined(separator: ", ")
                violations.append("latency_p99: \(Markdown.percent(healthy.alarmShare(0))) % at \(place)")
            }
            var row = LatencyTables.place(cell) + [Markdown.percent(healthy.alarmShare(0))]
            for start in LatencyTables.starts {
                for (_, kind) in LatencyTables.kinds {
                    let found = await tally(cell, kind, start, options.faultyLatencyReleases, ofPercentile: true)
                    row.append(found.detection(0, faultSeconds: start).text)
                }
            }
            rows.append(row)
        }
        let head = LatencyTables.starts.flatMap { start in
            LatencyTables.kinds.map { "\($0.name) at \(start == 0 ? "0" : "10 min")" }
        }
        return "## A rule on `latency_p99`, with boundaries at 0.33 and 0.37 s more\n\n"
            + Markdown.table(["latency", "req/s", "canary", "false %"] + head, rows)
    }

    /// Rollguard in every cell, and the peers beside them.
    private func detection(_ cells: [Cell], progress: @Sendable (String) -> Void) async -> String {
        var rows: [[String]] = []
        for (number, cell) in cells.enumerated() {
            progress("latency, faults: cell \(number + 1) of \(cells.count)")
            for (name, kind) in LatencyTables.kinds {
                for start in LatencyTables.starts {
                    let found = await tally(cell, kind, start, options.faultyLatencyReleases)
                    rows.append(
                        LatencyTables.place(cell) + [name, start == 0 ? "0" : "10 min"]
                            + LatencyTrial.names.indices.map { found.detection($0, faultSeconds: start).text })
                }
            }
        }
        return Markdown.table(["latency", "req/s", "canary", "fault", "from"] + LatencyTrial.names, rows)
    }
}
