import Foundation

/// An incident as one file for people and programs: HTML that needs nothing else, with the incident's document and its plots
/// as JSON inside.
struct IncidentReport: Sendable {
    let incident: IncidentDocument
    /// Around the incident; nil where none was kept.
    let history: HistoryDocument?
    /// Rollguard's version.
    let version: String

    func html() throws -> [UInt8] {
        let page: ReportText = """
            <!doctype html>
            <html lang="en"><head><meta charset="utf-8"><title>\(incident.summary.id) · Rollguard</title>
            <style>\(IncidentReport.style)</style></head><body>
            <h1>\(incident.summary.id): \(incident.summary.state)</h1>
            <p>\(sentence)</p>
            \(values)
            \(plots)
            \(plan)
            <h2>What happened</h2>
            <table><tr><th>At</th><th>Step</th><th>Detail</th></tr>\(incident.timeline.map(row))</table>
            <h2>Journal</h2>
            <table><tr><th>Entry</th><th>At</th><th>Event</th><th>Text</th></tr>\(incident.entries.map(row))</table>
            <h2>Notifications</h2>
            <table><tr><th>Receiver</th><th>Event</th><th>State</th><th>At</th></tr>\(incident.notifications.map(row))</table>
            <p>Made by Rollguard \(version). The last line of this file is its signature: <code>rollguard verify FILE</code>.</p>

            """
        let data = try IncidentReport.embedded(["incident": AnyDocument(incident), "history": AnyDocument(history)])
        return Array(page.text.utf8) + Array("<script type=\"application/json\" id=\"report\">".utf8) + data
            + Array("</script>\n</body></html>\n".utf8)
    }

    private var sentence: String {
        let summary = incident.summary
        let cause =
            summary.rule.map { "the rule \($0) fired" }
            ?? "\(summary.by ?? summary.trigger) asked for it: \(summary.reason ?? "no reason given")"
        let before = summary.canaryBasisPointsBefore.map { "\(Double($0) / 100) %" } ?? "an unknown share"
        let closed = summary.closedAt.map { ", closed \($0)" } ?? ", still open"
        return
            "\(summary.release): from \(summary.fromVersion) back to \(summary.toVersion), because \(cause). The canary had \(before); "
            + "opened \(summary.openedAt.description)\(closed)."
    }

    private var values: ReportText {
        guard let evidence = incident.alert?.evidence else { return "" }
        let rows = [("canary", evidence.canary), ("baseline", evidence.baseline)].map { name, side -> ReportText in
            let value = side.value.map { "\($0)" } ?? "none"
            let requests = side.requests.map { "\($0)" } ?? "none"
            return "<tr><td>\(name) \(side.version)</td><td>\(value)</td><td>\(requests)</td></tr>"
        }
        let proof = evidence.regression.map { $0.sentence } ?? ""
        return """
            <h2>The values that decided</h2><p><code>\(evidence.condition)</code></p>
            <table><tr><th>Pool</th><th>Value</th><th>Requests</th></tr>\(rows)</table><p>\(proof)</p>
            """
    }

    private var plan: ReportText {
        guard let plan = incident.plan else { return "" }
        let rows = plan.steps.map { step -> ReportText in
            "<tr><td>\(step.name)</td><td>\(step.kind)</td><td>\(step.at)</td><td>\(step.text)</td></tr>"
        }
        return """
            <h2>Plan</h2><p>\(plan.text)</p>
            <table><tr><th>Step</th><th>Kind</th><th>At</th><th>State</th></tr>\(rows)</table>
            """
    }

    private var plots: [ReportText] {
        guard let history else { return [] }
        let opened = incident.summary.openedAt.wallMs
        let errors = ReportPlot(
            title: "Error rate", columns: ("baseline_error_rate", "canary_error_rate"),
            format: { "\(($0 * 10_000).rounded() / 100) %" })
        let latencies = history.percentiles.map { name in
            ReportPlot(
                title: "Latency \(name)",
                columns: ("baseline_latency_\(name)_seconds", "canary_latency_\(name)_seconds"),
                format: { "\(($0 * 100_000).rounded() / 100) ms" })
        }
        let requests = ReportPlot(
            title: "Requests per second",
            columns: ("baseline_request_rate_per_second", "canary_request_rate_per_second"),
            format: { "\($0.rounded())" })
        return ([errors] + latencies + [requests]).compactMap { $0.markup(history, openedAtMs: opened) }
    }

    private func row(_ line: TimelineDocument) -> ReportText {
        "<tr><td>\(line.at.description)</td><td>\(line.step)</td><td>\(line.detail)</td></tr>"
    }

    private func row(_ entry: EntryDocument) -> ReportText {
        "<tr><td>\(Int(entry.sequence))</td><td>\(entry.at.description)</td><td>\(entry.event)</td><td>\(entry.text)</td></tr>"
    }

    private func row(_ one: NotifiedDocument) -> ReportText {
        let state = one.state + (one.reason.isEmpty ? "" : ", \(one.attempts) attempts: \(one.reason)")
        let at = one.at.map { $0.description } ?? ""
        return "<tr><td>\(one.receiver)</td><td>\(one.event)</td><td>\(state)</td><td>\(at)</td></tr>"
    }

    /// JSON in which no text can end the script element.
    private static func embedded(_ documents: [String: AnyDocument]) throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys]
        let text = String(decoding: try encoder.encode(documents), as: UTF8.self)
        return Array(text.replacingOccurrences(of: "<", with: "\\u003c").utf8)
    }

    private static let style: ReportText = """
        body{font:14px/1.5 sans-serif;max-width:960px;margin:24px auto;padding:0 16px}table{border-collapse:collapse;width:100%}\
        th,td{text-align:left;padding:4px 8px 4px 0;border-top:1px solid #ccc;vertical-align:top;overflow-wrap:anywhere}\
        svg{width:100%;max-width:720px}polyline{fill:none;stroke-width:2}.base{stroke:#2560c9}.canary{stroke:#b4540c}\
        .mark{stroke:#b3202d;stroke-dasharray:4 3}text{font-size:11px}
        """
}

/// One of several documents in a dictionary.
private struct AnyDocument: Encodable {
    private let write: (any Encoder) throws -> Void

    init(_ document: (some Encodable)?) {
        write = { encoder in
            var container = encoder.singleValueContainer()
            if let document { try container.encode(document) } else { try container.encodeNil() }
        }
    }

    func encode(to encoder: any Encoder) throws { try write(encoder) }
}
