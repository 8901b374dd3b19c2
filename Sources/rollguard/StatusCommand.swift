import API
import ArgumentParser
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
              rollguard status --watch
              rollguard status checkout-r42
              rollguard status --json | jq '.releases[].phase'
            """)

    @Argument(help: "A rollout's id, or a service's name. [default: everything]")
    var rollout: String?

    @OptionGroup var daemon: DaemonAddress

    @Flag(help: "Show it again every second until interrupted.")
    var watch = false

    @Flag(help: "The API's answer as it is: GET /api/v1/status.")
    var json = false

    func run() async throws {
        let api = try daemon.open()
        repeat {
            let text = try await text(api)
            // A watched table stays in its place.
            if watch, !json { Terminal.clear() }
            Terminal.say(text)
            if watch { try await Task.sleep(for: .seconds(1)) }
        } while watch
    }

    private func text(_ api: DaemonAPI) async throws -> String {
        if let rollout {
            let found = try await RolloutChoice.named(rollout).findNewest(api)
            return json ? JSONLine.text(found) : RolloutText.lines(found).joined(separator: "\n")
        }
        if json { return String(decoding: try await api.get("/api/v1/status"), as: UTF8.self) }
        return StatusTable.text(try await api.get("/api/v1/status", as: StatusDocument.self))
    }
}
