import API
import ArgumentParser
import Declarations
import Foundation

/// What the daemon sees now.
struct StatusCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "Show what the running daemon sees.",
        discussion: """
            One block per release: its phase and why, the split as the router reports
            it, both pools with their figures over the shortest rule window, each rule
            with its verdict, its rollout, and the problems that an operator has to fix.
            With a rollout's id, or a service's name, that rollout alone.

              rollguard status
              rollguard status checkout
              rollguard status --watch
              rollguard status checkout-r42
              rollguard status -o json | jq '.releases[].phase'
            """)

    @Argument(
        help: "One release, or a rollout's id, alone. [default: everything]", completion: DaemonNames.releases)
    var name: String?

    @OptionGroup var daemon: DaemonAddress

    @Flag(help: "Show it again every second until interrupted.")
    var watch = false

    @OptionGroup var format: OutputChoice

    func run() async throws {
        let api = try daemon.open()
        repeat {
            let text = try await text(api)
            // A watched table stays in its place.
            if watch, !format.isJSON { Terminal.clear() }
            Terminal.say(text)
            if watch { try await Task.sleep(for: .seconds(1)) }
        } while watch
    }

    private func text(_ api: DaemonAPI) async throws -> String {
        if let name, let rollout = try await rollout(name, api) { return rollout }
        if format.isJSON {
            let path = name.map { "/api/v1/releases/\(DaemonAPI.escaped($0))" } ?? "/api/v1/status"
            return String(decoding: try await api.get(path), as: UTF8.self)
        }
        let status = try await api.get("/api/v1/status", as: StatusDocument.self)
        guard let name else { return StatusTable.text(status) }
        let names = status.units.map(\.name) + status.releases.map(\.name)
        guard names.contains(name) else {
            let guess = Suggestions.nearest(to: name, among: names).map { "did you mean '\($0)'?" }
            throw Failure.no(
                "error: there is no release '\(name)'; \(guess ?? "there are: \(names.joined(separator: ", "))")")
        }
        return StatusTable.text(status, of: name)
    }

    /// Nil for a name that is no rollout's id, and for a release that is only watched.
    private func rollout(_ name: String, _ api: DaemonAPI) async throws -> String? {
        guard RolloutChoice.isID(name) else { return nil }
        let found = try await RolloutChoice.named(name).findNewest(api)
        return format.isJSON ? JSONLine.text(found) : RolloutText.lines(found).joined(separator: "\n")
    }
}
