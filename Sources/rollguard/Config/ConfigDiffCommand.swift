import ArgumentParser
import Model

/// How two states of the centre differ.
struct ConfigDiffCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "diff",
        abstract: "Show how a configuration of the history differs from another one, or from the centre.")

    @Argument(help: "The revision of its manifest, or the begin of its digest, as `history` lists them.")
    var from: String

    @Argument(help: "The same of the other one. [default: what the centre holds now]")
    var to: String?

    @OptionGroup var choice: ConfigChoice

    func run() async throws {
        let desk = try choice.open()
        let history = desk.store.history()
        let old = try ConfigReference.find(from, in: history).files
        let new: [CentreFile]
        if let to {
            new = try ConfigReference.find(to, in: history).files
        } else {
            new = try await desk.work { try await desk.content().files }
        }
        let lines = FileDifference.lines(from: old, to: new)
        if lines.isEmpty { Terminal.say("no file differs") }
        for line in lines { Terminal.say(line) }
    }
}

/// The lines in which files differ, each with its number in its file.
enum FileDifference {
    static func lines(from old: [CentreFile], to new: [CentreFile]) -> [String] {
        let paths = Set(old.map(\.path)).union(new.map(\.path)).sorted()
        return paths.flatMap { path -> [String] in
            let before = old.first { $0.path == path }
            let after = new.first { $0.path == path }
            guard before != after else { return [] }
            let mark = before == nil ? " (added)" : after == nil ? " (removed)" : ""
            return ["\(path)\(mark)"] + changes(text(before), text(after))
        }
    }

    private static func text(_ file: CentreFile?) -> [Substring] {
        String(decoding: file?.bytes ?? [], as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false)
    }

    private static func changes(_ old: [Substring], _ new: [Substring]) -> [String] {
        let changes = new.difference(from: old)
        let removed = changes.removals.compactMap { change -> (Int, Int, String)? in
            guard case .remove(let offset, let line, _) = change else { return nil }
            return (offset, 0, "- \(offset + 1): \(line)")
        }
        let added = changes.insertions.compactMap { change -> (Int, Int, String)? in
            guard case .insert(let offset, let line, _) = change else { return nil }
            return (offset, 1, "+ \(offset + 1): \(line)")
        }
        return (removed + added).sorted { ($0.0, $0.1) < ($1.0, $1.1) }.map { "  " + $0.2 }
    }
}
