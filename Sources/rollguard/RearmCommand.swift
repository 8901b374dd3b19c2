import API
import ArgumentParser

/// Clears the latch.
struct RearmCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rearm",
        abstract: "Clear a release's latch after a rollback.",
        discussion: """
            After a rollback the same version stays out until a new version is
            configured or an operator rearms the release. Rearming moves no traffic:
            the canary gets its share again when you, or your deployment, give it to it
            on the router, and from then on it is watched.

              rollguard rearm checkout --reason 'the database was the cause, not v1.5.0'
            """)

    @Argument(help: "The release's name.", completion: DaemonNames.releases)
    var release: String

    @Option(help: "Why; it is kept with the incident.")
    var reason: String

    @OptionGroup var caller: CallerChoice

    @OptionGroup var daemon: DaemonAddress

    func run() async throws {
        let answer = try await daemon.open().post(
            "/api/v1/releases/\(DaemonAPI.escaped(release))/rearm", ["reason": reason, "by": caller.name],
            as: CommandDocument.self)
        Terminal.say(answer.text)
    }
}
