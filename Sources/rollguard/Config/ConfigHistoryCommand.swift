import ArgumentParser
import Centres
import Model
import Support

/// The states of the centre that this host's daemon had in force.
struct ConfigHistoryCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "history",
        abstract: "List the configurations of the centre that were in force, newest first.",
        discussion: """
            They are read from the state folder of this host's daemon, which keeps the last
            20, so the command needs no centre. Who made a change is what the manifest
            claims: centres do not prove it.
            """)

    @OptionGroup var choice: ConfigChoice

    func run() async throws {
        let desk = try choice.open()
        let history = desk.store.history()
        guard !history.isEmpty else {
            return Terminal.say("\(desk.centre.label): no state of it was in force on this host yet")
        }
        let brake = desk.store.brake()
        for text in brake.brake.texts { Terminal.say("! \(text)") }
        for (index, kept) in history.enumerated() {
            let state = kept.state
            let earlier = index + 1 < history.count ? history[index + 1].state : nil
            let mark = kept.digest == brake.pinned?.digest ? "  (pinned)" : ""
            Terminal.say(Self.line(kept, state, earlier) + mark)
        }
    }

    /// `7  4be1a8c0d2f1  2026-11-28T10:00:00Z  revision 42  ci  "stricter"  changed rules/errors.yaml`
    static func line(_ kept: StoredCentreState, _ state: CentreState, _ earlier: CentreState?) -> String {
        let claims = state.manifest.map { ["\($0.author)", $0.reason.isEmpty ? "" : "\"\($0.reason)\""] } ?? []
        let changes = earlier.map { state.differences(from: $0) } ?? ["\(state.files.count) files"]
        let parts =
            [
                state.manifest.map { "\($0.revision)" } ?? "-", ConfigReference.short(kept.digest),
                "\(WallTime(wallMs: kept.savedWallMs))", "revision \(kept.revision)",
            ] + claims + [changes.isEmpty ? "no file differs" : changes.joined(separator: ", ")]
        return parts.filter { !$0.isEmpty }.joined(separator: "  ")
    }
}

/// How a command names a state: by the revision of its manifest, or by the begin of its digest.
enum ConfigReference {
    static func short(_ digest: String) -> String { CentreReference.short(digest) }

    /// - Throws: `Failure` when there is none, or more than one.
    static func find(_ text: String, in history: [StoredCentreState]) throws -> CentreState {
        do throws(CentreReference.Unknown) {
            return try CentreReference.find(text, in: history.map(\.state))
        } catch { throw Failure.no("error: \(error.reason)") }
    }
}
