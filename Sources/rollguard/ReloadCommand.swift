import API
import ArgumentParser

/// Reads the configuration again, and says whether that worked.
struct ReloadCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reload",
        abstract: "Let the running daemon read its configuration again.",
        discussion: """
            Everything or nothing: with an error anywhere the old configuration stays in
            force. Unlike SIGHUP this says so: exit code 0 when the new configuration is
            in force, 1 with the errors when it was refused, 3 when the daemon could not
            be reached.

              rollguard reload
              rollguard reload --config /etc/rollguard/rollguard.yaml
            """)

    @OptionGroup var daemon: DaemonAddress

    func run() async throws {
        let answer = try await daemon.open().post("/api/v1/reload", [:], as: CommandDocument.self)
        Terminal.say(answer.text)
    }
}
