import ArgumentParser

/// Ends a pause and the halts that an operator has to end.
struct ResumeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "resume",
        abstract: "End a rollout's pause, and the halts that only an operator ends.",
        discussion: """
            `rollguard status ID` shows why a rollout is halted and what ends the halt.

              rollguard resume checkout --reason 'the router is repaired'
            """)

    @OptionGroup var choice: RolloutChoice

    @Flag(help: "Continue without the missing targets of the old version.")
    var acceptBaseline = false

    @OptionGroup var order: OrderOptions

    func run() async throws {
        let api = try order.daemon.open()
        let rollout = try await choice.find(api)
        let fields: [String: OrderField] = acceptBaseline ? ["accept_baseline": .flag(true)] : [:]
        try await order.carryOut(RolloutPath.rollout(rollout.id, "resume"), fields, to: api)
    }
}
