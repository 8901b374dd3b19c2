import ArgumentParser

/// What is done to the configuration in a centre.
struct ConfigCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "config",
        abstract: "Change the configuration in a configuration centre, and go back to an earlier one.",
        discussion: """
            For daemons whose configuration file has `centre`. A push validates everything
            first, and writes everything or nothing; the daemon takes it whole or refuses it
            whole.

              rollguard config pull shop/                       # the files of the centre
              rollguard config push shop/ --reason "stricter"
              rollguard config history
              rollguard config diff 41                          # 41 against what is there now
              rollguard config restore 41
              rollguard config use 41                           # on this host alone

            Exit codes: 0 done; 1 the configuration is invalid, or another client changed it at
            the same time; 3 the centre cannot be reached.
            """,
        subcommands: [
            ConfigPushCommand.self, ConfigPullCommand.self, ConfigHistoryCommand.self, ConfigDiffCommand.self,
            ConfigRestoreCommand.self, ConfigShowCommand.self, ConfigUseCommand.self, ConfigUnpinCommand.self,
            ConfigDetachCommand.self, ConfigAttachCommand.self,
        ])
}

/// Which centre is meant, and who changes it.
struct ConfigChoice: ParsableArguments {
    @Option(
        help:
            "The configuration file, whose `centre` is meant. [default: rollguard.yaml, /etc/rollguard/rollguard.yaml]",
        completion: .file(extensions: ["yaml", "yml"]))
    var config: String?

    func open() throws -> CentreDesk { try CentreDesk(path: try DefaultPaths.configuration(config)) }
}

/// What the manifest says of a change.
struct ConfigClaimOptions: ParsableArguments {
    @Option(help: "Who makes the change, for the manifest. [default: this user's login name]")
    var author: String?

    @Option(help: "Why the change is made, for the manifest.")
    var reason = ""

    @Flag(
        help:
            "Make a change that is probably an error: most releases leave, or a rollback rule is widened in mid rollout."
    )
    var force = false

    @Option(
        help: ArgumentHelp(
            "Give the manifest a revision above this one: the centre came back from a backup, and daemons have this one.",
            valueName: "revision"))
    var after: Int64?
}

extension ConfigClaimOptions {
    var claim: ConfigClaim { ConfigClaim(author: author, reason: reason, force: force, after: after ?? 0) }
}

/// Who makes a change, why, and whether it is meant although it is probably an error.
struct ConfigClaim {
    /// Nil for this user's login name.
    var author: String?
    var reason: String
    var force = false
    /// The revision of the manifest has to exceed it.
    var after: Int64 = 0
}
