import ArgumentParser

/// An operator's no to a step.
struct DenyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "deny",
        abstract: "Refuse a step its approval: the rollout halts, or is rolled back.",
        discussion: """
              rollguard deny checkout --step 3 --reason 'carts are slow'
              rollguard deny checkout --step 3 --rollback --reason 'carts are lost'
            """)

    @OptionGroup var choice: RolloutChoice

    @Option(help: "The step that is meant, from 1.")
    var step: Int

    @Flag(help: "Roll back instead of halting.")
    var rollback = false

    @OptionGroup var order: OrderOptions

    func validate() throws { try order.requireReason() }

    func run() async throws {
        let api = try order.daemon.open()
        let rollout = try await choice.find(api)
        var fields: [String: OrderField] = ["step": .number(step)]
        if rollback { fields["rollback"] = .flag(true) }
        try await order.carryOut(RolloutPath.rollout(rollout.id, "deny"), fields, to: api)
    }
}
