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

            The plan of the rollback ends with it. While one of its steps is under way the
            order is refused, but with --abandon-plan.
            """)

    @Argument(help: "The release's name.", completion: DaemonNames.releases)
    var release: String

    @Option(help: "Why; it is kept with the incident.")
    var reason: String

    @Flag(help: "Give the plan of the rollback up, even while one of its steps is under way.")
    var abandonPlan = false

    @OptionGroup var caller: CallerChoice

    @OptionGroup var daemon: DaemonAddress

    func run() async throws {
        var body = ["reason": reason, "by": caller.name]
        if abandonPlan { body["abandon_plan"] = "true" }
        let answer = try await daemon.open().post(
            "/api/v1/releases/\(DaemonAPI.escaped(release))/rearm", body, as: CommandDocument.self)
        Terminal.say(answer.text)
    }
}
