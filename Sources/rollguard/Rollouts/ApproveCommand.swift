import ArgumentParser

/// An operator's yes to a step.
struct ApproveCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "approve",
        abstract: "Approve the step of a rollout that asks for it.",
        discussion: """
            The step is named, so that an approval of a view that is out of date approves
            nothing. Approving twice is approving once.

              rollguard approve checkout --step 3 --reason 'the graphs are fine'
            """)

    @OptionGroup var choice: RolloutChoice

    @Option(help: "The step that is approved, from 1.")
    var step: Int

    @Option(help: "The gate that is approved: the approval (the default), or the name of the step's webhook.")
    var gate: String?

    @Option(help: "Wait so long until the step asks for it.")
    var wait: TimeSpan?

    @OptionGroup var order: OrderOptions

    private static let pause: Duration = .seconds(1)
    /// Refusals that end when the step comes. The command itself refuses without a code while there is no rollout.
    private static let early: Set<String?> = [nil, "not_ready", "not_running"]

    func run() async throws {
        let api = try order.daemon.open()
        let end = ContinuousClock.now + .milliseconds(wait?.ms ?? 0)
        while true {
            do { return try await approve(api) } catch let failure as Failure
                where failure.code == RolloutExit.refused && ApproveCommand.early.contains(failure.refusal)
            {
                guard ContinuousClock.now < end else { throw failure }
            }
            try await Task.sleep(for: ApproveCommand.pause)
        }
    }

    private func approve(_ api: DaemonAPI) async throws {
        let rollout = try await choice.find(api)
        guard rollout.step >= step || wait == nil else {
            throw Failure(
                code: RolloutExit.refused, text: "error: \(rollout.id) is at step \(rollout.step), not at step \(step)")
        }
        var fields: [String: OrderField] = ["step": .number(step)]
        if let gate { fields["gate"] = .text(gate) }
        try await order.carryOut(RolloutPath.rollout(rollout.id, "approve"), fields, to: api)
    }
}
