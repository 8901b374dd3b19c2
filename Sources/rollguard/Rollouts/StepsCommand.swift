import API
import ArgumentParser
import Support

/// The steps of a service's next, or present, rollout.
struct StepsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "steps",
        abstract: "Show the steps of a service: their shares, and what each asks for.",
        discussion: """
            Those of the rollout that is under way, as they were when it began; else the
            configured ones. At the present traffic each also has the time that it takes
            when the new version is as good as the old one: half of such steps, and nine
            of ten. What people, programs and calendars take is not in it.

              rollguard steps checkout
            """)

    @Argument(help: "The service's name.")
    var service: String

    @Flag(help: "The API's answer as it is: GET /api/v1/releases/NAME/rollouts.")
    var json = false

    @OptionGroup var daemon: DaemonAddress

    func run() async throws {
        let api = try daemon.open()
        let path = RolloutPath.release(service, "rollouts")
        if json { return Terminal.say(String(decoding: try await api.get(path), as: UTF8.self)) }
        let document = try await api.get(path, as: RolloutsDocument.self)
        for line in RolloutText.steps(document) { Terminal.say(line) }
    }
}
