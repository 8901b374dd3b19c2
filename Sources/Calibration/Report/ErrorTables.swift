/// The tables of the error rate: false rollbacks, and times to detection.
struct ErrorTables {
    let options: CalibrationOptions
    private(set) var violations: [String] = []
    private(set) var plots: [CalibrationPlot] = []
    private static let multipliers = [1.5, 2, 5, 10]
    private static let starts = [0.0, 600]
    /// Rows that are compared with peers in detail.
    private static let shown = [(100.0, 0.1, 0.01), (1_000.0, 0.05, 0.001), (10.0, 0.5, 0.01)]

    init(options: CalibrationOptions) { self.options = options }

    mutating func text(progress: @Sendable (String) -> Void) async -> String {
        let cells = options.some(of: Cell.grid)
        var healthy: [Tally] = []
        for (number, cell) in cells.enumerated() {
            progress("errors, healthy: cell \(number + 1) of \(cells.count)")
            healthy.append(await tally(cell, .none, releases: options.healthyReleases, withPeers: true))
        }
        noteViolations(cells, healthy)
        plots.append(
            .falseRollbacks(
                "errors.svg", title: "Healthy releases in \(cells.count) cells of traffic, share and error rate",
                names: ErrorTrial.names, ours: ErrorTrial.ours.count, tallies: healthy))
        var text = "## False rollbacks of healthy releases: error rate\n\n" + summary(cells, healthy)
        text += "\n### Cell by cell, %\n\n" + grid(cells, healthy)
        text += await "\n## Seconds to detection: error rate\n\n" + detection(cells, progress: progress)
        text += await "\n### Beside the peers\n\n" + besidePeers(cells, healthy, progress: progress)
        return text
    }

    private func tally(_ cell: Cell, _ fault: Fault, releases: Int, withPeers: Bool) async -> Tally {
        let seed = options.seed
        let stream = ErrorTables.stream(cell, fault)
        let methods = withPeers ? ErrorTrial.names.count : ErrorTrial.ours.count
        return await Workers.tally(releases: releases, methods: methods, jobs: options.jobs) { release in
            let chance = Chance(seed: seed, stream: stream, release: release)
            return ErrorTrial(cell: cell, fault: fault, chance: chance, withPeers: withPeers).alarms
        }
    }

    /// Names a cell with a fault by a number, for its seeds.
    private static func stream(_ cell: Cell, _ fault: Fault) -> UInt64 {
        var number = UInt64(cell.requestsPerSecond) * 1_000_003 + UInt64(cell.canaryShare * 1_000) * 1_009
        number += UInt64(cell.baseRate * 100_000) * 31 + (cell.pattern == .bursty ? 7 : 3)
        if case .errors(let times) = fault.kind { number += UInt64(times * 10) << 40 }
        return number + UInt64(fault.fromSeconds) << 50
    }

    private var limit: Double {
        let stated = ErrorTrial.falseAlarm
        return stated + 2 * (stated * (1 - stated) / Double(options.healthyReleases)).squareRoot()
    }

    private mutating func noteViolations(_ cells: [Cell], _ tallies: [Tally]) {
        for (cell, tally) in zip(cells, tallies) {
            for method in ErrorTrial.promised where tally.alarmShare(method) > limit {
                let place = Markdown.cell(cell).joined(separator: ", ") + ", \(cell.pattern)"
                violations.append(
                    "\(ErrorTrial.ours[method]): \(Markdown.percent(tally.alarmShare(method))) % at \(place)")
            }
        }
    }

    private func summary(_ cells: [Cell], _ tallies: [Tally]) -> String {
        let rows = ErrorTrial.names.enumerated().map { method, name in
            [name]
                + Cell.Pattern.allCases.flatMap { pattern -> [String] in
                    let shares = zip(cells, tallies).filter { $0.0.pattern == pattern }
                        .map { $0.1.alarmShare(method) }.sorted()
                    guard let worst = shares.last else { return ["", "", ""] }
                    let over = shares.count { $0 > limit }
                    return [
                        Markdown.percent(shares[shares.count / 2]), Markdown.percent(worst),
                        "\(over)/\(shares.count)",
                    ]
                }
        }
        let head = Cell.Pattern.allCases.flatMap { ["\($0) median %", "worst %", "cells over"] }
        return Markdown.table(["method"] + head, rows)
    }

    private func grid(_ cells: [Cell], _ tallies: [Tally]) -> String {
        let rows = zip(cells, tallies).map { cell, tally in
            [cell.pattern.rawValue] + Markdown.cell(cell)
                + ErrorTrial.names.indices.map { Markdown.percent(tally.alarmShare($0)) }
        }
        return Markdown.table(["errors", "req/s", "canary", "p0"] + ErrorTrial.names, rows)
    }

    private func detection(_ cells: [Cell], progress: @Sendable (String) -> Void) async -> String {
        var rows: [[String]] = []
        for (number, cell) in cells.enumerated() {
            progress("errors, faults: cell \(number + 1) of \(cells.count)")
            var row = [cell.pattern.rawValue] + Markdown.cell(cell)
            for start in ErrorTables.starts {
                for times in ErrorTables.multipliers {
                    let fault = Fault(kind: .errors(times), fromSeconds: start)
                    let found = await tally(cell, fault, releases: options.faultyReleases, withPeers: false)
                    row.append(found.detection(0, faultSeconds: start).text)
                }
            }
            rows.append(row)
        }
        let head = ErrorTables.starts.flatMap { start in
            ErrorTables.multipliers.map { "\(ErrorTables.times($0)) \(start == 0 ? "at 0" : "at 10 min")" }
        }
        return Markdown.table(["errors", "req/s", "canary", "p0"] + head, rows)
    }

    private func besidePeers(
        _ cells: [Cell], _ healthy: [Tally], progress: @Sendable (String) -> Void
    ) async -> String {
        var text = ""
        for (cell, tally) in zip(cells, healthy) where ErrorTables.isShown(cell) {
            progress("errors, peers: \(Markdown.cell(cell).joined(separator: ", ")), \(cell.pattern)")
            var columns: [[String]] = [ErrorTrial.names.indices.map { Markdown.percent(tally.alarmShare($0)) }]
            for start in ErrorTables.starts {
                for times in ErrorTables.multipliers {
                    let fault = Fault(kind: .errors(times), fromSeconds: start)
                    let found = await self.tally(cell, fault, releases: options.faultyReleases, withPeers: true)
                    columns.append(ErrorTrial.names.indices.map { found.detection($0, faultSeconds: start).text })
                }
            }
            let parts = Markdown.cell(cell)
            text += "\(parts[0]) requests/s, canary \(parts[1]), p0 \(parts[2]), \(cell.pattern):\n\n"
            let head = ErrorTables.starts.flatMap { start in
                ErrorTables.multipliers.map { "\(ErrorTables.times($0))@\(start == 0 ? "0" : "10m")" }
            }
            let rows = ErrorTrial.names.enumerated().map { index, name in [name] + columns.map { $0[index] } }
            text += Markdown.table(["method", "false %"] + head, rows) + "\n"
        }
        return text
    }

    private static func isShown(_ cell: Cell) -> Bool {
        shown.contains { $0 == (cell.requestsPerSecond, cell.canaryShare, cell.baseRate) }
    }

    private static func times(_ value: Double) -> String {
        value == value.rounded() ? "\(Int(value))x" : "\(value)x"
    }
}
