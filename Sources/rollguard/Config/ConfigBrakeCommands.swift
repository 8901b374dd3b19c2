import API
import ArgumentParser
import Model

/// Who brakes and why, and the daemon that is meant.
struct ConfigBrakeOptions: ParsableArguments {
    @Option(help: "Why, for the journal and for who finds it.")
    var reason = ""

    @Option(help: "Who orders it. [default: this user's login name]")
    var by: String?

    @OptionGroup var daemon: DaemonAddress

    /// The fields of every order.
    var fields: [String: String] {
        ["by": by ?? CallerName.current].merging(reason.isEmpty ? [:] : ["reason": reason]) { $1 }
    }

    func order(_ name: String, _ more: [String: String] = [:]) async throws {
        let answer = try await daemon.open().post(
            "/api/v1/centre/\(name)", fields.merging(more) { $1 }, as: CommandDocument.self)
        Terminal.say(answer.text)
    }
}

/// Pins an earlier state on this host.
struct ConfigUseCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "use",
        abstract: "Put an earlier configuration of the history into force on this host, until `unpin`.",
        discussion: """
            The emergency brake: the running daemon takes the state at once, needs no centre
            for it, and keeps it over restarts, whatever the centre holds. `restore` changes
            the centre itself, for all hosts.

              rollguard config history
              rollguard config use 41 --reason "42 rolls everything back"
              rollguard config unpin
            """)

    @Argument(help: "The revision of its manifest, or the begin of its digest, as `history` lists them.")
    var state: String

    @Flag(help: "Also what would be refused as a probable error.")
    var force = false

    @OptionGroup var brake: ConfigBrakeOptions

    func run() async throws { try await brake.order("use", ["state": state, "force": "\(force)"]) }
}

/// Ends `use`.
struct ConfigUnpinCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "unpin", abstract: "Follow the centre again on this host, after `use`.")

    @Flag(help: "Also what would be refused as a probable error.")
    var force = false

    @OptionGroup var brake: ConfigBrakeOptions

    func run() async throws { try await brake.order("unpin", ["force": "\(force)"]) }
}

/// Ignores the centre on this host.
struct ConfigDetachCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "detach", abstract: "Do not read the centre on this host until `attach`; what is in force stays.")

    @OptionGroup var brake: ConfigBrakeOptions

    func run() async throws { try await brake.order("detach") }
}

/// Ends `detach`.
struct ConfigAttachCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "attach", abstract: "Read the centre on this host again, after `detach`.")

    @OptionGroup var brake: ConfigBrakeOptions

    func run() async throws { try await brake.order("attach") }
}
