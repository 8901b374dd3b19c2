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
            with its verdict, and the problems that an operator has to fix.

              rollguard status
              rollguard status --watch
              rollguard status --json | jq '.releases[].phase'
            """)

    @OptionGroup var daemon: DaemonAddress

    @Flag(help: "Show it again every second until interrupted.")
    var watch = false

    @Flag(help: "The API's answer as it is: GET /api/v1/status.")
    var json = false

    func run() async throws {
        let api = try daemon.open()
        repeat {
            let body = try await api.get("/api/v1/status")
            if json {
                Terminal.say(String(decoding: body, as: UTF8.self))
            } else {
                let status = try await api.get("/api/v1/status", as: StatusDocument.self)
                // A watched table stays in its place.
                if watch { Terminal.clear() }
                Terminal.say(StatusTable.text(status))
            }
            if watch { try await Task.sleep(for: .seconds(1)) }
        } while watch
    }
}
