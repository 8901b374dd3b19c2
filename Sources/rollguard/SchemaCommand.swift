import ArgumentParser
import ConfigurationFiles
import Daemon
import Declarations

/// Prints the JSON Schemas that editors complete and check configurations with.
struct SchemaCommand: ParsableCommand {
    enum Kind: String, ExpressibleByArgument, CaseIterable {
        case config
        case rules
    }

    static let configuration = CommandConfiguration(
        commandName: "schema",
        abstract: "Print the JSON Schema of configurations or of rule files, for editors.",
        discussion: """
            An editor with the YAML language server completes and checks a file whose first
            line names the schema:

              rollguard schema > rollguard.schema.json
              # yaml-language-server: $schema=rollguard.schema.json

            The schema knows names, types and alternatives. What depends on several fields
            or files, only `rollguard check` knows.
            """)

    @Argument(help: "What the schema is of: config or rules.")
    var kind = Kind.config

    func run() {
        let text =
            kind == .config
            ? Rulebook.configurationSchema(kinds: .all) : Rulebook.ruleFileSchema
        // The text ends with a line break of its own.
        Terminal.say(String(text.dropLast()))
    }
}
