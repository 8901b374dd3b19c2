import ArgumentParser
import Declarations

/// A first argument that names no command.
enum UnknownCommand {
    /// The names of all commands, in the order of the help.
    static let names =
        Rollguard.configuration.subcommands.compactMap { $0.configuration.commandName } + ["help"]

    /// - Parameter arguments: without the program's name.
    /// - Returns: what is wrong, with the command that was probably meant; nil for a known command, an option, or nothing.
    static func message(_ arguments: [String]) -> String? {
        guard let first = arguments.first, !first.hasPrefix("-"), !names.contains(first) else { return nil }
        let guess = Suggestions.nearest(to: first, among: names).map { "; did you mean '\($0)'?" } ?? ""
        return "error: there is no command '\(first)'\(guess.isEmpty ? "; " : guess + " ")`rollguard --help` lists them"
    }
}
