import API
import Model
import Support

/// The status for people.
enum StatusTable {
    /// - Parameter release: shows this one alone, with its incidents.
    static func text(_ status: StatusDocument, of release: String? = nil) -> String {
        var lines = ["rollguard \(status.version)  \(status.at)" + (status.dryRun ? "  DRY RUN" : "")]
        if let problem = status.journalProblem { lines.append("! \(problem)") }
        if let centre = status.centre {
            lines.append(
                (centre.problem == nil && centre.pinned == nil && centre.detached == nil ? "" : "! ")
                    + "configuration: \(centre.text)")
        }
        if let replicas = status.replicas {
            lines += ReplicasText.lines(replicas, nowWallMs: status.at.wallMs)
        }
        if let fleet = status.fleet { lines.append(FleetText.line(fleet)) }
        let units = status.units.filter { release == nil || $0.name == release }
        // Whoever asks for a unit asks for its parts.
        let names = release.map { [$0] + units.flatMap(\.releases) }
        for unit in units {
            lines += ["", "\(unit.name): \(unit.releases.joined(separator: ", "))"] + RolloutText.block(unit.rollouts)
        }
        for shown in status.releases where names?.contains(shown.name) ?? true { lines += [""] + block(shown) }
        let incidents = status.incidents.filter { names?.contains($0.release) ?? true }
        let open = incidents.filter(\.open)
        if !incidents.isEmpty {
            lines += ["", "incidents (rollguard why ID)"]
            let shown = open + incidents.filter { !$0.open }.prefix(5)
            lines += Columns.laidOut(shown.map(incident), indent: "  ")
        }
        if let outbox = status.outbox {
            lines += ["", "outbox: \(outbox.waiting) waiting, \(outbox.delivered) delivered, \(outbox.dead) dead"]
            lines += DeliveriesText.troubles(outbox)
        }
        lines += status.deadLetters.prefix(5).map { "  dead: \($0.event) for \($0.receiver): \($0.reason)" }
        return lines.joined(separator: "\n")
    }

    private static func block(_ release: ReleaseDocument) -> [String] {
        let share = release.canaryBasisPoints.map { NumberText.plain(Double($0) / 100) + " %" } ?? "unknown"
        var lines = ["\(release.name): \(release.phase), canary share \(share)"]
        if !release.explanation.isEmpty { lines.append("  \(release.explanation)") }
        if let everyMs = release.denseScrapesEveryMs {
            let every = NumberText.seconds(Double(everyMs) / 1_000)
            lines.append("  evidence against the canary grows: both pools are scraped every \(every) meanwhile")
        }
        if let group = release.group { lines.append("  group \(group)") }
        if let policy = release.policy { lines.append("  policy of the centre: \(policy)") }
        if let schema = release.schema { lines.append("  schema: \(schema)") }
        if let rollouts = release.rollouts { lines += RolloutText.block(rollouts) }
        if let forward = release.plan?.forward, forward.run.open {
            lines.append("  plan: on the road \(forward.road): \(forward.run.text)")
        }
        lines += Columns.laidOut(
            [["", "version", "targets", "requests/s", "errors", "p99"]]
                + [pool("baseline", release.baseline), pool("canary", release.canary)], indent: "  ")
        let header = ["rule", "action", "alert", "verdict", "canary", "baseline"]
        lines += Columns.laidOut([header] + release.rules.map(rule), indent: "  ")
        lines += release.rules.flatMap(RegressionText.short)
        for pool in [release.baseline, release.canary] {
            for target in pool.targets {
                if let error = target.error { lines.append("  ! \(target.instance): \(error)") }
            }
        }
        return lines + release.warnings.map { "  ! \($0)" }
    }

    private static func pool(_ name: String, _ pool: PoolDocument) -> [String] {
        let up = pool.targets.filter { $0.up == true }.count
        return [
            name, pool.version, "\(up)/\(pool.targets.count) up",
            pool.requestRatePerSecond.map(NumberText.plain) ?? "-",
            pool.errorRate.map(NumberText.percent) ?? "-", pool.latencyP99Seconds.map(NumberText.seconds) ?? "-",
        ]
    }

    private static func rule(_ rule: RuleDocument) -> [String] {
        // The long reason of a statistical rule is printed below the table.
        let reason = rule.regression == nil ? rule.reason.map { ": \($0)" } ?? "" : ""
        let verdict = rule.verdict.map { $0 + reason } ?? "not evaluated yet"
        func value(_ side: SideDocument?) -> String {
            side?.value.map { IndicatorText.value($0, of: rule.indicator ?? "", unit: rule.unit) } ?? "-"
        }
        return [rule.name, rule.action, rule.alert, verdict, value(rule.canary), value(rule.baseline)]
    }

    private static func incident(_ incident: IncidentSummary) -> [String] {
        [
            incident.id, incident.state, "\(incident.openedAt)", "\(incident.fromVersion) -> \(incident.toVersion)",
            incident.rule ?? incident.by ?? "",
        ]
    }
}

/// A value as its indicator is spoken of.
enum IndicatorText {
    /// - Parameter unit: as in the API; nil in entries of older versions, which had built-in indicators alone.
    static func value(_ value: Double, of indicator: String, unit: String?) -> String {
        if let measure = unit.flatMap(Indicator.Measure.init(rawValue:)) { return NumberText.text(value, measure) }
        if indicator.hasPrefix("error_rate") { return NumberText.percent(value) }
        if indicator.hasPrefix("latency") { return NumberText.seconds(value) }
        return NumberText.plain(value) + "/s"
    }
}

/// Text in columns.
enum Columns {
    static func laidOut(_ rows: [[String]], indent: String) -> [String] {
        var widths: [Int] = []
        for row in rows {
            for (index, cell) in row.enumerated() {
                if index == widths.count { widths.append(0) }
                widths[index] = max(widths[index], cell.count)
            }
        }
        return rows.map { row in
            let cells = row.enumerated().map { index, cell in
                index == row.count - 1 ? cell : cell + String(repeating: " ", count: widths[index] - cell.count)
            }
            return indent + cells.joined(separator: "  ")
        }
    }
}
