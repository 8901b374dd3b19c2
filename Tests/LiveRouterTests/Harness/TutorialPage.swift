import Foundation

/// A page of `docs/tutorials`: its files and commands are what the live test runs, so that they cannot rot.
///
/// A block belongs to the test when its info string has a second part: ```` ```yaml file=rollguard.yaml ````,
/// ```` ```sh run=router ````; a ```` ```text ```` block right after a command is what that prints, one with `log=rollguard`
/// what the daemon logs.
struct TutorialPage: Sendable {
    let files: [String: String]
    /// Commands by name, in the page's order.
    let commands: [(name: String, command: PageCommand)]
    /// What the page says that programs print, by the name in `log=NAME`.
    let logs: [String: String]
    /// What the page says that the daemon logs, `log=rollguard`.
    var log: String? { logs["rollguard"] }

    struct Missing: Error, CustomStringConvertible {
        let description: String
    }

    /// - Parameter name: `haproxy` for `docs/tutorials/haproxy.md`.
    init(_ name: String) throws {
        let path = Programs.root.appendingPathComponent("docs/tutorials/\(name).md")
        self.init(text: try String(contentsOf: path, encoding: .utf8))
    }

    init(text: String) {
        var files: [String: String] = [:]
        var commands: [(name: String, command: PageCommand)] = []
        var block: (info: [String], lines: [String])?
        var lastWasCommand = false
        var logs: [String: String] = [:]
        for line in text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init) {
            guard line.hasPrefix("```") else {
                block?.lines.append(line)
                continue
            }
            guard let (info, lines) = block else {
                block = (line.dropFirst(3).split(separator: " ").map(String.init), [])
                continue
            }
            block = nil
            let body = lines.joined(separator: "\n")
            let word = info.dropFirst().first ?? ""
            if word.hasPrefix("file=") { files[String(word.dropFirst(5))] = body + "\n" }
            if word.hasPrefix("log=") { logs[String(word.dropFirst(4))] = body }
            if info.first == "text", lastWasCommand { commands[commands.count - 1].command.output = body }
            lastWasCommand = word.hasPrefix("run=")
            if lastWasCommand {
                commands.append((String(word.dropFirst(4)), PageCommand(command: body, output: nil)))
            }
        }
        self.files = files
        self.commands = commands
        self.logs = logs
    }

    func file(_ name: String) throws -> String {
        guard let text = files[name] else { throw Missing(description: "the page has no file \(name)") }
        return text
    }

    /// The named commands' texts, in the page's order.
    func commands(_ name: String) throws -> [PageCommand] {
        let found = commands.filter { $0.name == name }.map(\.command)
        guard !found.isEmpty else { throw Missing(description: "the page has no command \(name)") }
        return found
    }
}
