import API
import ArgumentParser

/// An operator takes charge.
struct AcknowledgeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "acknowledge",
        abstract: "Take charge of an incident, a rollout or a release: nothing of it is escalated any more.",
        discussion: """
            The receivers are notified of it, and services such as PagerDuty show it as
            acknowledged. It does not end the incident and moves no traffic.

              rollguard acknowledge checkout-17 --reason 'the router is being repaired'
            """,
        aliases: ["ack"])

    @Argument(help: "The incident, the rollout, the release or the unit.", completion: DaemonNames.releases)
    var subject: String

    @Option(help: "Why, or what is being done; it is kept with the incident.")
    var reason: String

    @OptionGroup var caller: CallerChoice

    @OptionGroup var daemon: DaemonAddress

    func run() async throws {
        let answer = try await daemon.open().post(
            "/api/v1/acknowledge/\(DaemonAPI.escaped(subject))", ["reason": reason, "by": caller.name],
            as: CommandDocument.self)
        Terminal.say(answer.text)
    }
}
