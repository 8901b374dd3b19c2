import API
import ArgumentParser
import Foundation
import Support

/// The whole evidence behind a decision.
struct WhyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "why",
        abstract: "Show why an incident happened: the rule, the values, every step.",
        discussion: """
            Without an id, the newest incident. With a rollout's id, what happened to the
            rollout, and its gates now.

              rollguard why
              rollguard why checkout-r42
              rollguard why checkout-17
              rollguard why checkout-17 --json
            """)

    @Argument(help: "The incident's or the rollout's id. [default: the newest]", completion: DaemonNames.incidents)
    var incident: String?

    @OptionGroup var format: OutputChoice

    @OptionGroup var daemon: DaemonAddress

    func run() async throws {
        let api = try daemon.open()
        let id = if let incident { incident } else { try await newest(api) }
        if try await showRollout(id, api) { return }
        let path = "/api/v1/incidents/\(DaemonAPI.escaped(id))"
        if format.isJSON { return Terminal.say(String(decoding: try await api.get(path), as: UTF8.self)) }
        let document = try await api.get(path, as: IncidentDocument.self)
        for line in IncidentText.lines(document) { Terminal.say(line) }
    }

    /// - Returns: false when it is no rollout's id.
    private func showRollout(_ id: String, _ api: DaemonAPI) async throws -> Bool {
        guard id.wholeMatch(of: /.+-r[0-9]+/) != nil else { return false }
        let response = try await api.response("GET", RolloutPath.rollout(id, "events"), body: nil)
        guard response.status != 404 else { return false }
        let document = try api.document(response, RolloutEventsDocument.self)
        guard !format.isJSON else {
            Terminal.say(JSONLine.text(document))
            return true
        }
        for line in RolloutText.lines(document.rollout) { Terminal.say(line) }
        for line in try await planLines(of: id, api) { Terminal.say("  " + line) }
        Terminal.say("\nhistory")
        for event in document.events { Terminal.say("  #\(event.sequence)  \(event.at)  \(event.text)") }
        return true
    }

    /// What the plan of a rollout has come to; none for one that has none, or is too old.
    private func planLines(of id: String, _ api: DaemonAPI) async throws -> [String] {
        guard let release = id.wholeMatch(of: /(.+)-r[0-9]+/)?.1 else { return [] }
        let response = try await api.response(
            "GET", "/api/v1/releases/\(DaemonAPI.escaped(String(release)))", body: nil)
        guard response.status == 200 else { return [] }
        let plan = try api.document(response, ReleaseDocument.self).plan
        guard let forward = plan?.forward, forward.id == id else { return [] }
        return PlanText.lines(forward)
    }

    private func newest(_ api: DaemonAPI) async throws -> String {
        let status = try await api.get("/api/v1/status", as: StatusDocument.self)
        guard let newest = status.incidents.first else { throw Failure.no("there is no incident") }
        return newest.id
    }
}

/// An incident for people.
enum IncidentText {
    static func lines(_ incident: IncidentDocument) -> [String] {
        let summary = incident.summary
        var lines = [
            "\(summary.id): \(summary.state)" + (summary.open ? ", open" : ""),
            "  release  \(summary.release): \(summary.fromVersion) -> \(summary.toVersion)",
            "  split    \(share(summary.canaryBasisPointsBefore)) -> \(share(summary.canaryBasisPointsWanted)) canary",
            "  opened   \(summary.openedAt)" + (summary.closedAt.map { ", closed \($0)" } ?? ""),
            "  router   \(count(summary.attempts, "answer")), \(count(summary.reapplications, "drift")) corrected",
        ]
        if let by = summary.by { lines.append("  by       \(by): \(summary.reason ?? "")") }
        if let alert = incident.alert { lines += evidence(alert) }
        lines += group(incident)
        if let plan = incident.plan { lines += PlanText.lines(plan).map { "  " + $0 } }
        lines += ["", "timeline"] + incident.timeline.map { "  " + line($0) }
        lines += ["", "journal"] + incident.entries.map { "  #\($0.sequence)  \($0.at)  \($0.text)" }
        return lines
    }

    static func line(_ step: TimelineDocument) -> String {
        "\(step.at)  \(step.step)" + (step.detail.isEmpty ? "" : ": \(step.detail)")
    }

    /// Who goes back with it, or whose rollback it follows.
    private static func group(_ incident: IncidentDocument) -> [String] {
        var lines: [String] = []
        if let link = incident.companionOf {
            lines.append("  group    \(link.name): with \(link.release), because of \(link.incident)")
        }
        guard let run = incident.group else { return lines }
        lines.append("  group    \(run.name): \(run.state)" + (run.open ? ", open" : ""))
        lines += run.goes.map {
            "    \($0.release)\(place($0.daemon))  \($0.fromVersion) -> \($0.toVersion)  \($0.text)"
        }
        lines += run.stays.map { "    \($0.release)\(place($0.daemon))  stays: \($0.reason)" }
        return lines
    }

    private static func place(_ daemon: String?) -> String { daemon.map { " at \($0)" } ?? "" }

    private static func count(_ number: Int, _ noun: String) -> String { "\(number) \(noun)\(number == 1 ? "" : "s")" }

    private static func share(_ basisPoints: Int?) -> String {
        basisPoints.map { NumberText.plain(Double($0) / 100) + " %" } ?? "unknown"
    }

    private static func evidence(_ alert: AlertDocument) -> [String] {
        let evidence = alert.evidence
        var lines = [
            "  rule     \(alert.rule), active since \(alert.activeSince)",
            "  when     \(evidence.condition)  (\(evidence.indicator) over \(evidence.windowMs / 1_000) s)",
        ]
        func side(_ name: String, _ side: SideDocument) -> [String] {
            [
                name, side.version,
                side.value.map { IndicatorText.value($0, of: evidence.indicator, unit: evidence.unit) }
                    ?? "no value",
                "\(side.requests.map(NumberText.plain) ?? "?") requests",
                "\(side.errors.map(NumberText.plain) ?? "?") failed",
                "\(side.healthyTargets)/\(side.targets) targets up",
            ]
        }
        lines += Columns.laidOut(
            [side("canary", evidence.canary), side("baseline", evidence.baseline)], indent: "           ")
        if let found = evidence.regression { lines += RegressionText.whole(found) }
        return lines + evidence.notes.map { "           note: \($0)" }
            + alert.annotations.sorted { $0.key < $1.key }.map { "  \($0.key): \($0.value)" }
    }
}
