import ArgumentParser

/// Writes an earlier configuration into the centre again.
struct ConfigRestoreCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "restore",
        abstract: "Write an earlier configuration of the history to the centre, as a new revision.",
        discussion: "It is validated and written as `push` does; revisions only grow.")

    @Argument(help: "The revision of its manifest, or the begin of its digest, as `history` lists them.")
    var state: String

    @OptionGroup var choice: ConfigChoice
    @OptionGroup var claim: ConfigClaimOptions

    func run() async throws {
        let desk = try choice.open()
        let earlier = try ConfigReference.find(state, in: desk.store.history())
        var claim = claim.claim
        if claim.reason.isEmpty { claim.reason = "restores \(state)" }
        try await desk.work { [claim] in try await desk.push(earlier.files, claim: claim) }
    }
}
