import Foundation

/// One command line of Rollguard in a document.
struct DocumentedCommand: Sendable, CustomStringConvertible {
    let document: String
    let line: Int
    /// Without the program's name.
    let arguments: [String]
    /// A command of a block, not a mention in a sentence, which may leave out what is needed.
    let isWhole: Bool

    var description: String { "\(document):\(line): rollguard \(arguments.joined(separator: " "))" }

    /// What a document shows to be typed, in blocks of shell commands and between backquotes.
    static func all(in document: String, _ text: String) -> [DocumentedCommand] {
        var found: [DocumentedCommand] = []
        var fence: String?
        var continued: (line: Int, text: String)?
        for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            if line.hasPrefix("```") {
                fence = fence == nil ? String(line.dropFirst(3).prefix { $0 != " " }) : nil
                continue
            }
            let isShell = fence == "sh" || (fence == nil && line.hasPrefix("    "))
            guard isShell else {
                if fence == nil { found += mentions(in: String(line), document, index + 1) }
                continue
            }
            let whole = (continued?.text ?? "") + line
            let start = continued?.line ?? index + 1
            if whole.hasSuffix("\\") {
                continued = (start, whole.dropLast() + " ")
                continue
            }
            continued = nil
            for arguments in ShellLine.commands(in: whole) {
                found.append(.init(document: document, line: start, arguments: arguments, isWhole: true))
            }
        }
        return found
    }

    private static func mentions(in line: String, _ document: String, _ number: Int) -> [DocumentedCommand] {
        line.matches(of: /`((?:sudo )?(?:-u rollguard )?rollguard [^`]+)`/).flatMap { match in
            ShellLine.commands(in: String(match.1)).map {
                DocumentedCommand(document: document, line: number, arguments: $0, isWhole: false)
            }
        }
    }
}

/// A line of a shell, as far as documents use them.
enum ShellLine {
    /// The arguments of each `rollguard` in it.
    static func commands(in line: String) -> [[String]] {
        var commands: [[String]] = [[]]
        for part in parts(of: line) {
            switch part {
            case .end: commands.append([])
            case .text(let text): commands[commands.count - 1].append(text)
            }
        }
        return commands.compactMap { command in
            let isBefore = { (part: String) in
                ["sudo", "-u", "exec"].contains(part) || part.contains("=") && !part.hasPrefix("-")
            }
            var rest = command.drop(while: isBefore)
            // `sudo -u rollguard rollguard …`
            if rest.first == "rollguard", rest.dropFirst().first == "rollguard" { rest = rest.dropFirst() }
            return rest.first == "rollguard" && rest.count > 1 ? Array(rest.dropFirst()) : nil
        }
    }

    private enum Part {
        case text(String)
        /// `|`, `&`, `;`, a redirection.
        case end
    }

    private static func parts(of line: String) -> [Part] {
        var parts: [Part] = []
        var current: String?
        var quote: Character?
        func finish() {
            if let text = current { parts.append(.text(text)) }
            current = nil
        }
        for character in line {
            switch character {
            case _ where character == quote: quote = nil
            case _ where quote != nil: current = (current ?? "") + String(character)
            case "'", "\"": (quote, current) = (character, current ?? "")
            case " ": finish()
            case "#" where current == nil: return parts
            case "|", "&", ";", ">":
                finish()
                parts.append(.end)
            default: current = (current ?? "") + String(character)
            }
        }
        finish()
        return parts
    }
}

/// What the program takes, as it says itself (`--experimental-dump-help`).
struct CommandTree: Decodable, Sendable {
    struct Command: Decodable, Sendable {
        struct Argument: Decodable, Sendable {
            struct Name: Decodable, Sendable {
                let kind: String
                let name: String
            }

            let names: [Name]?
        }

        let commandName: String
        let subcommands: [Command]?
        let arguments: [Argument]?

        func takes(_ option: String) -> Bool {
            let names = (arguments ?? []).flatMap { $0.names ?? [] }
            // `plan checkout` is `plan show checkout`, and the tree does not say so.
            return names.contains { ($0.kind == "short" ? "-" : "--") + $0.name == option }
                || (subcommands ?? []).contains { $0.takes(option) }
        }
    }

    let command: Command

    /// What is wrong with a command line; nil when it names a command and options that exist.
    func problem(_ arguments: [String]) -> String? {
        var (command, rest) = (command, arguments[...])
        while let name = rest.first, let next = command.subcommands?.first(where: { $0.commandName == name }) {
            (command, rest) = (next, rest.dropFirst())
        }
        if command.commandName == self.command.commandName, rest.first?.hasPrefix("-") != true {
            return "there is no command '\(rest.first ?? "")'"
        }
        let options = rest.map { String($0.prefix { $0 != "=" }) }.filter { $0.hasPrefix("-") && $0 != "-" }
        return options.first { !command.takes($0) && !["--help", "-h", "--version"].contains($0) }.map {
            "'\(command.commandName)' has no option '\($0)'"
        }
    }
}
