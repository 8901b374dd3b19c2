import ArgumentParser

/// Holds a rollout where it is.
struct PauseCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pause",
        abstract: "Keep a rollout at its share: nothing goes up until `resume`.",
        discussion: """
            Rules, evidence and rollbacks continue.

              rollguard pause checkout --for 2h --reason 'looking at the graphs'
            """)

    @OptionGroup var choice: RolloutChoice

    @Option(name: .customLong("for"), help: "Ends by itself after this time.")
    var time: TimeSpan?

    @OptionGroup var order: OrderOptions

    func run() async throws {
        let api = try order.daemon.open()
        let rollout = try await choice.find(api)
        var fields: [String: OrderField] = [:]
        fields["for_seconds"] = time.map { .number(Int(max(1, $0.ms / 1_000))) }
        try await order.carryOut(RolloutPath.rollout(rollout.id, "pause"), fields, to: api)
    }
}
