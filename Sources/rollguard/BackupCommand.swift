import ArgumentParser
import JournalStore

/// A copy of the state, also while the daemon runs.
struct BackupCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "backup",
        abstract: "Copy the journal to a file, also while the daemon runs.",
        discussion: """
            The file holds everything that outlives the daemon: latches, open
            incidents, statistical evidence and the notifications that wait. It is a
            complete and checked copy of one moment, with mode 0600. An existing file
            is not overwritten. Exit code 0 when the backup was written, 1 when the
            file exists or the journal is damaged, 3 when the journal cannot be read or
            the file cannot be written.

              rollguard backup --config rollguard.yaml /backup/rollguard.sqlite
              rollguard backup --state /var/lib/rollguard /backup/rollguard.sqlite

            To restore it, stop the daemon and put the file into an empty state folder
            as journal.sqlite (docs/operations.md).
            """)

    @Argument(help: "The file to write.")
    var file: String

    @Option(help: "Take the state folder from this configuration.")
    var config: String?

    @Option(help: "The state folder.")
    var state: String?

    func validate() throws {
        if (config == nil) == (state == nil) { throw ValidationError("give either --config or --state") }
    }

    func run() throws {
        let folder = try stateFolder()
        let backup: JournalBackup
        do throws(JournalBackup.Failure) { backup = try JournalBackup(of: folder, to: file) } catch {
            throw BackupCommand.failure(error)
        }
        let parts = [
            BackupCommand.count(backup.entries, "journal entry", "journal entries"),
            BackupCommand.count(backup.waitingDeliveries, "notification waits", "notifications wait"),
            "\((backup.bytes + 1_023) / 1_024) KiB",
        ]
        Terminal.say("\(file): \(parts.joined(separator: ", "))")
    }

    private func stateFolder() throws -> String {
        if let state { return state }
        do { return try ConfigurationFile(path: config ?? "").load().daemon.stateDirectory } catch {
            throw Failure.no("\(error)")
        }
    }

    private static func count(_ number: Int, _ one: String, _ many: String) -> String {
        "\(number) \(number == 1 ? one : many)"
    }

    private static func failure(_ failure: JournalBackup.Failure) -> Failure {
        switch failure {
        case .exists, .damaged, .foreign: .no("error: \(failure)")
        case .noJournal, .unreadable, .unwritable: .unreachable("error: \(failure)")
        }
    }
}
