import API
import ArgumentParser

/// What is scraped, and where the lists of targets come from.
struct TargetsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "targets",
        abstract: "Show the targets of each pool, their sources, and the targets in no pool.",
        discussion: """
            Of each source: how many targets are in force, when it was last read, why
            it cannot be read, and an answer that is held because it lost more than
            half of a pool.

              rollguard targets
              rollguard targets checkout
              rollguard targets -o json | jq '.data.droppedTargets'
            """)

    @Argument(help: "One release alone. [default: all]", completion: DaemonNames.releases)
    var release: String?

    @OptionGroup var daemon: DaemonAddress

    @OptionGroup var format: OutputChoice

    func run() async throws {
        let api = try daemon.open()
        if format.isJSON {
            return Terminal.say(String(decoding: try await api.get("/api/v1/targets"), as: UTF8.self))
        }
        let targets = try await api.get("/api/v1/targets", as: PrometheusTargets.self).data
        Terminal.say(TargetsText.text(targets, of: release))
    }
}

/// The targets as a table for people.
enum TargetsText {
    /// Targets of a pool, and targets in no pool, that are listed.
    private static let limit = 50

    static func text(_ targets: PrometheusTargets.Targets, of release: String?) -> String {
        var names: [String] = []
        for name in targets.activeTargets.map(\.scrapePool) + targets.sources.map(\.scrapePool)
        where !names.contains(name) && (release ?? name) == name {
            names.append(name)
        }
        if names.isEmpty {
            return release.map { "there are no targets of a release '\($0)'" } ?? "there are no targets"
        }
        return names.map { block($0, targets) }.joined(separator: "\n\n")
    }

    private static func block(_ name: String, _ targets: PrometheusTargets.Targets) -> String {
        var lines = [name]
        lines += targets.sources.filter { $0.scrapePool == name }.map { "  source \(source($0))" }
        for pool in ["baseline", "canary"] {
            let active = targets.activeTargets.filter { $0.scrapePool == name && $0.pool == pool }
            lines.append("  \(pool): \(active.count) target\(active.count == 1 ? "" : "s")")
            lines += listed(active) { "    \($0.labels["instance"] ?? $0.scrapeUrl)  \(health($0))" }
        }
        let dropped = targets.droppedTargets.filter { $0.scrapePool == name }
        guard !dropped.isEmpty else { return lines.joined(separator: "\n") }
        lines.append("  in no pool: \(targets.droppedTargetCounts[name] ?? dropped.count)")
        lines += listed(dropped) { one in
            let detail = one.detail.isEmpty ? "" : ": \(one.detail)"
            return "    \(one.discoveredLabels["__address__"] ?? "no address")  \(one.reason)\(detail)"
        }
        return lines.joined(separator: "\n")
    }

    private static func listed<One>(_ all: [One], _ line: (One) -> String) -> [String] {
        all.prefix(limit).map(line) + (all.count > limit ? ["    and \(all.count - limit) more"] : [])
    }

    private static func health(_ target: PrometheusTargets.Active) -> String {
        target.lastError.isEmpty ? target.health : "\(target.health): \(target.lastError)"
    }

    private static func source(_ source: PrometheusTargets.Source) -> String {
        var text = "\(source.name): \(source.targets) target\(source.targets == 1 ? "" : "s") in force"
        if source.fromDisk { text += ", from the disk" }
        if let held = source.held { text += ", an answer is held (\(held))" }
        if let time = source.lastSuccess { text += ", read at \(time)" }
        if source.stale { text += ", stale" }
        if let flapping = source.flapping { text += ", come and go: " + flapping.joined(separator: ", ") }
        if let problem = source.lastError { text += "; \(problem)" }
        return text
    }
}
