import API
import ArgumentParser

/// Who watches what in a fleet.
struct FleetCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "fleet",
        abstract: "Show the members of a fleet, and which of them leads and watches each release.",
        discussion: """
            One row per member: its targets, and how many releases it leads, watches and has
            evidence of. Below that each release with its owner and its standbys; with more
            than 50 releases those alone that move or that no member watches, or all of
            them with --all.

              rollguard fleet
              rollguard fleet --watch
              rollguard fleet -o json | jq '.shards[] | select(.state != "steady")'
            """)

    @OptionGroup var daemon: DaemonAddress

    @Flag(help: "List all releases, also where there are many.")
    var all = false

    @Flag(help: "Show it again every second until interrupted.")
    var watch = false

    @OptionGroup var format: OutputChoice

    func run() async throws {
        let api = try daemon.open()
        repeat {
            let text = try await text(api)
            if watch, !format.isJSON { Terminal.clear() }
            Terminal.say(text)
            if watch { try await Task.sleep(for: .seconds(1)) }
        } while watch
    }

    private func text(_ api: DaemonAPI) async throws -> String {
        if format.isJSON { return String(decoding: try await api.get("/api/v1/fleet"), as: UTF8.self) }
        let fleet = try await api.get("/api/v1/fleet", as: FleetDocument.self)
        return FleetText.lines(fleet, all: all).joined(separator: "\n")
    }
}

/// A fleet, for people.
enum FleetText {
    /// Releases that are listed without being asked for.
    private static let limit = 50

    static func lines(_ fleet: FleetDocument, all: Bool) -> [String] {
        guard !fleet.members.isEmpty else { return ["this daemon is no member of a fleet"] }
        let used = fleet.shards.filter { !$0.releases.isEmpty }
        let releases = used.reduce(0) { $0 + $1.releases.count }
        let state = states(used)
        var lines = [
            "fleet: \(count(fleet.members.count, "member")), \(count(releases, "release")) in \(used.count) of "
                + "\(count(fleet.shards.count, "shard")), \(count(fleet.copies, "copy", "copies")), assignment \(fleet.assignment): \(state)"
        ]
        if fleet.overloaded { lines.append("! overloaded: the targets are more than the members may watch") }
        if let problem = fleet.problem { lines.append("! \(problem)") }
        lines += Columns.laidOut(
            [["member", "targets", "leads", "watches", "ready", ""]] + fleet.members.map(row), indent: "  ")
        let shown = all || releases <= limit ? used : used.filter { $0.state != "steady" }
        guard !shown.isEmpty else { return lines }
        let rows = shown.flatMap { shard in shard.releases.map { row($0, shard) } }.sorted { $0[0] < $1[0] }
        return lines + [""]
            + Columns.laidOut([["release", "shard", "owner", "standbys", "state"]] + rows, indent: "  ")
    }

    /// The line of the status.
    static func line(_ fleet: FleetSummary) -> String {
        var text =
            "fleet: \(count(fleet.members, "member")); this one watches \(fleet.watches) of \(count(fleet.releases, "release")) and leads "
            + "\(fleet.leads)"
        if fleet.moving > 0 { text += "; \(count(fleet.moving, "shard")) moving" }
        let isBad = fleet.unwatched > 0 || fleet.overloaded || fleet.problem != nil
        if fleet.unwatched > 0 { text += "; \(count(fleet.unwatched, "shard")) unwatched" }
        if fleet.overloaded { text += "; overloaded" }
        if let problem = fleet.problem { text += "; \(problem)" }
        return (isBad ? "! " : "") + text
    }

    private static func states(_ shards: [FleetDocument.Shard]) -> String {
        let moving = shards.count { $0.state == "moving" }
        let unwatched = shards.count { $0.state == "unwatched" }
        if moving == 0, unwatched == 0 { return "steady" }
        return [(unwatched, "unwatched"), (moving, "moving")].filter { $0.0 > 0 }.map { "\($0.0) \($0.1)" }
            .joined(separator: ", ")
    }

    private static func row(_ member: FleetDocument.Member) -> [String] {
        let limit = member.capacity.map { " of \($0)" } ?? ""
        let notes = [
            member.address, member.coordinates ? "coordinates" : nil, member.answers ? "(this one)" : nil,
        ]
        return [
            member.name, "\(member.targets)\(limit)", "\(member.leads)", "\(member.watches)", "\(member.ready)",
            notes.compactMap(\.self).joined(separator: "  "),
        ]
    }

    private static func row(_ release: String, _ shard: FleetDocument.Shard) -> [String] {
        [
            release, "\(shard.shard)", shard.owner ?? "-",
            shard.standbys.isEmpty ? "-" : shard.standbys.joined(separator: ", "), shard.state,
        ]
    }

    private static func count(_ number: Int, _ one: String, _ many: String? = nil) -> String {
        "\(number) \(number == 1 ? one : many ?? one + "s")"
    }
}
