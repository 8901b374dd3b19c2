import API
import ArgumentParser

/// The one-command rollback.
struct RollbackCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rollback",
        abstract: "Roll a release back now, in whatever state it is.",
        discussion: """
            Asks the running daemon to give all traffic to the old version, follows the
            rollback, and says how it ended. Exit code 0 when it was acknowledged (the
            canary's traffic is gone), 1 when not, 3 when the daemon could not be
            reached.

              rollguard rollback checkout --reason 'customers report empty carts'
            """)

    @Argument(help: "The release's name.", completion: DaemonNames.releases)
    var release: String

    @Option(help: "The version that is to have all traffic. [default: the baseline's]")
    var to: String?

    @Option(help: "Why; it is stored with the incident and sent to the receivers.")
    var reason: String

    @Option(help: "Seconds to wait for the acknowledgement.")
    var wait: Int = 60

    @Flag(help: "Also to a version that does not fit the schema of the database.")
    var evenContracted = false

    @Flag(help: "Do not wait.")
    var noWait = false

    @OptionGroup var caller: CallerChoice

    @OptionGroup var daemon: DaemonAddress

    func validate() throws {
        guard (1...86_400).contains(wait) else { throw ValidationError("--wait takes 1 to 86400 seconds") }
    }

    func run() async throws {
        let api = try daemon.open()
        var fields = ["reason": reason, "by": caller.name]
        if let to { fields["to"] = to }
        if evenContracted { fields["even_contracted"] = "true" }
        let path = "/api/v1/releases/\(DaemonAPI.escaped(release))/rollback"
        let answer = try await api.post(path, fields, as: CommandDocument.self)
        Terminal.say(answer.text)
        guard !noWait, let incident = answer.incident else { return }
        try await follow(incident, api: api)
    }

    private func follow(_ incident: String, api: DaemonAPI) async throws {
        var shown = 0
        for _ in 0..<(wait * 5) {
            let document = try await api.get(
                "/api/v1/incidents/\(DaemonAPI.escaped(incident))", as: IncidentDocument.self)
            for step in document.timeline.dropFirst(shown) { Terminal.say(IncidentText.line(step)) }
            shown = max(shown, document.timeline.count)
            switch document.summary.state {
            case "acknowledged": return Terminal.say("\(incident): acknowledged: the canary is out")
            case "dry_run": return Terminal.say("\(incident): a dry run: nothing was done")
            default: break
            }
            try await Task.sleep(for: .milliseconds(200))
        }
        throw Failure.no(
            "error: \(incident) was not acknowledged within \(wait) s; the daemon continues: rollguard why \(incident)")
    }
}
