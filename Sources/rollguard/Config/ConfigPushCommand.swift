import ArgumentParser

/// Writes a configuration into the centre.
struct ConfigPushCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "push",
        abstract: "Validate the configuration in a folder, and write it to the centre in one transaction.",
        discussion: """
            The folder has `releases/`, `rules/` and `receivers/`, or one `rollguard.yaml`
            with releases and receivers. What is not in it leaves the centre. A manifest
            with the digest of each file is written with it.
            """)

    @Argument(help: "The folder.", completion: .directory)
    var folder: String

    @OptionGroup var choice: ConfigChoice
    @OptionGroup var claim: ConfigClaimOptions

    func run() async throws {
        let files = try ConfigFolder.read(folder)
        let desk = try choice.open()
        try await desk.work { try await desk.push(files, claim: claim.claim) }
    }
}

/// Copies the configuration out of the centre.
struct ConfigPullCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pull", abstract: "Write the configuration of the centre into a folder.")

    @Argument(help: "The folder. Files in it that the centre does not have stay.", completion: .directory)
    var folder: String

    @OptionGroup var choice: ConfigChoice

    func run() async throws {
        let desk = try choice.open()
        let content = try await desk.work { try await desk.content() }
        try ConfigFolder.write(content.files, to: folder)
        let count = content.files.count
        Terminal.say(
            "\(folder): \(count) file\(count == 1 ? "" : "s") of \(desk.centre.label) at revision \(content.reading.revision)"
        )
    }
}
