import ArgumentParser

/// Ends a rollout without a verdict.
struct AbortCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "abort",
        abstract: "End a rollout and take its version out, without a verdict on it.",
        discussion: """
            The version may begin again. `rollguard rollback` is the verdict: it latches
            the version until `rearm`. Works in every state: paused, halted, frozen.

              rollguard abort checkout --reason 'the wrong branch'
            """)

    @OptionGroup var choice: RolloutChoice
    @OptionGroup var order: OrderOptions

    func validate() throws { try order.requireReason() }

    func run() async throws {
        let api = try order.daemon.open()
        let rollout = try await choice.find(api)
        try await order.carryOut(RolloutPath.rollout(rollout.id, "abort"), [:], to: api)
    }
}
