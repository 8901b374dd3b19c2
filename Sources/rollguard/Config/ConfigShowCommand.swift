import ArgumentParser
import Centres
import Model

/// The files of a state of the centre.
struct ConfigShowCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Print a configuration of the history, or what the centre holds now.",
        discussion: "A comment before each file has its key, and where the value comes from.")

    @Argument(
        help: ArgumentHelp(
            "The revision of its manifest, or the begin of its digest, as `history` lists them. [default: what the centre holds now]"
        ))
    var state: String?

    @OptionGroup var choice: ConfigChoice

    func run() async throws {
        let desk = try choice.open()
        if let state {
            let found = try ConfigReference.find(state, in: desk.store.history())
            return show(found.files, found.manifest, "\(found.label) at revision \(found.revision), \(found.digest)")
        }
        let now = try await desk.work { try await desk.content() }
        show(now.files, now.manifest, "\(desk.centre.label) at revision \(now.reading.revision), read now")
    }

    private func show(_ files: [CentreFile], _ manifest: CentreManifest?, _ origin: String) {
        Terminal.say("# \(origin)")
        if let manifest {
            let claims = [manifest.author.isEmpty ? "" : "by \(manifest.author)", manifest.reason].filter {
                !$0.isEmpty
            }
            Terminal.say((["# manifest \(manifest.revision)"] + claims).joined(separator: ", "))
        }
        for file in files {
            Terminal.say("# --- \(file.path)")
            let text = String(decoding: file.bytes, as: UTF8.self)
            Terminal.say(text.hasSuffix("\n") ? String(text.dropLast()) : text)
        }
    }
}
