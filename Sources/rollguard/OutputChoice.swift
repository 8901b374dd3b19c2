import ArgumentParser

/// Whether a command prints for people or for programs.
struct OutputChoice: ParsableArguments {
    enum Format: String, ExpressibleByArgument, CaseIterable {
        case table, json
    }

    @Option(name: .shortAndLong, help: "table, or json: the API's answer as it is.")
    var output: Format = .table

    @Flag(help: "The same as --output json.")
    var json = false

    var isJSON: Bool { json || output == .json }
}
