import API
import ArgumentParser
import Foundation
import Support

/// Passes a step although gates are closed.
struct PromoteCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "promote",
        abstract: "Pass the present step of a rollout although gates are closed, or end the baking.",
        discussion: """
            Without --skip every gate has to be open. The order names the step that it
            means; on a terminal the command asks, so that two calls are not two steps.

              rollguard promote checkout --step 3 --skip evidence,min --reason 'too little traffic'
              rollguard promote checkout --step 3 --to 100% --reason 'hotfix'
              rollguard promote checkout --end-bake --reason 'v1.6.0 is next'
            """)

    @OptionGroup var choice: RolloutChoice

    @Option(help: "The step that is passed, from 1. Needed unless this is a terminal.")
    var step: Int?

    @Option(help: "Gates of this step that are not asked, separated by commas: min,evidence,approval.")
    var skip: String?

    @Option(help: "Go to the step with this share, such as 100%. Asks no gates.")
    var to: ShareArgument?

    @Option(help: "frozen and window, separated by commas: neither the freeze nor the calendar holds it back.")
    var override: String?

    @Flag(help: "End the baking now.")
    var endBake = false

    @OptionGroup var order: OrderOptions

    func validate() throws {
        if skip != nil || to != nil || override != nil { try order.requireReason() }
        guard step != nil || endBake || isatty(STDIN_FILENO) == 1 else {
            throw ValidationError(
                "--step says which step is meant; without it the command asks, and this is no terminal")
        }
    }

    func run() async throws {
        let api = try order.daemon.open()
        let rollout = try await choice.find(api)
        var fields: [String: OrderField] = [:]
        fields["step"] = step.map(OrderField.number)
        fields["skip"] = skip.map { .names(PromoteCommand.list($0)) }
        fields["override"] = override.map { .names(PromoteCommand.list($0)) }
        fields["to_basis_points"] = to.map { .number($0.basisPoints) }
        if endBake { fields["end_bake"] = .flag(true) }
        if step == nil, !endBake { try confirm(rollout) }
        // What was shown is what is meant.
        let tag = step == nil ? order.ifMatch ?? rollout.tag : nil
        try await order.carryOut(RolloutPath.rollout(rollout.id, "promote"), fields, to: api, tag: tag)
    }

    private func confirm(_ rollout: RolloutDocument) throws {
        Terminal.complain(RolloutText.line(rollout))
        for gate in rollout.gates where !gate.open { Terminal.complain("  closed: \(gate.gate): \(gate.text)") }
        FileHandle.standardError.write(Data("pass step \(rollout.step) of \(rollout.id)? [y/N] ".utf8))
        guard let answer = readLine()?.lowercased(), ["y", "yes"].contains(answer) else {
            throw Failure.no("nothing is done")
        }
    }

    private static func list(_ text: String) -> [String] {
        text.split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) }.filter { !$0.isEmpty }
    }
}

/// A share on the command line: `25%`.
struct ShareArgument: ExpressibleByArgument {
    let basisPoints: Int

    init?(argument: String) {
        guard argument.hasSuffix("%"), let percent = Double(argument.dropLast()), (0.01...100).contains(percent) else {
            return nil
        }
        basisPoints = Int((percent * 100).rounded())
    }
}
