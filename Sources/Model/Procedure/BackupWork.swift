import Support

/// A backup that is checked before something destructive. Nothing is taken, and nothing is restored.
public struct BackupWork: Sendable, Equatable, Codable {
    /// What made the backup; the raw value is the one in the configuration.
    public enum Tool: String, Sendable, Equatable, Codable, CaseIterable {
        /// Files, or folders, in a format of its own (`-Fc`, `-Fd`, `-Ft`): all of it is read.
        case pgDump = "pg_dump"
        /// Folders with a manifest.
        case pgBasebackup = "pg_basebackup"
        case pgbackrest
        case restic
        case sqlite
        /// Files with statements, of MySQL or MariaDB.
        case mysqldump
        /// A program that does the whole check, and prints what it found.
        case command

        /// Its backups are found by a pattern of paths.
        public var hasFiles: Bool {
            switch self {
            case .pgDump, .pgBasebackup, .sqlite, .mysqldump: true
            case .pgbackrest, .restic, .command: false
            }
        }
    }

    /// Which of the files is the newest; the raw value is the one in the configuration.
    public enum Order: String, Sendable, Equatable, Codable, CaseIterable {
        /// By the time of the last change.
        case time
        /// By the name, as numbers where it has some: `db-9` is before `db-10`.
        case name
    }

    public var tool: Tool
    /// An absolute path whose last part may have `*` and `?`.
    public var files: String?
    public var newest: Order
    /// Of the tool; nil for where Debian has it.
    public var program: String?
    /// Of `pgbackrest` and `restic`: before their command, such as `--config=/etc/pgbackrest.conf`.
    public var options: [String]
    public var stanza: String?
    public var repository: String?
    /// Of `restic`: how much of the data is read, such as `5%` or `1/10`.
    public var readSubset: String
    /// Of `command`.
    public var command: [String]
    public var environmentFile: String?
    /// From the moment that it was taken.
    public var maxAgeMs: Int64
    /// Of the one before, percent; no comparison where there is none.
    public var leastPercent: Int
    public var mostPercent: Int
    public var restoreTest: RestoreTest?
    /// Where a restore would write: a database, a file, or a folder.
    public var restoreTo: String?
    /// The command that restores it, where it is another one than that of the tool.
    public var restore: String?

    public init(tool: Tool = .pgDump, files: String? = nil, maxAgeMs: Int64 = 86_400_000, restoreTo: String? = nil) {
        self.tool = tool
        self.files = files
        self.maxAgeMs = maxAgeMs
        self.restoreTo = restoreTo
        (newest, options, readSubset, command) = (.time, [], "5%", [])
        (leastPercent, mostPercent) = (50, 200)
    }
}

/// A restore that was tried elsewhere, by a job of the user.
public struct RestoreTest: Sendable, Equatable, Codable {
    /// The job changes it whenever a restore has worked.
    public var file: String?
    /// Of the file.
    public var maxAgeMs: Int64
    /// A program that ends with 0 when a restore has worked lately.
    public var command: [String]?

    public init(file: String? = nil, maxAgeMs: Int64 = 604_800_000, command: [String]? = nil) {
        self.file = file
        self.maxAgeMs = maxAgeMs
        self.command = command
    }
}

/// A backup that was verified. In the journal: the names of its values are read for ever.
public struct BackupFound: Sendable, Equatable, Codable {
    /// A path, a label, or an id.
    public var name: String
    /// What was written after it is not in the backup.
    public var takenWallMs: Int64
    public var sizeBytes: Int64?
    /// How it was verified.
    public var verification: String
    /// The exact command for an operator.
    public var restore: String

    public init(name: String, takenWallMs: Int64, sizeBytes: Int64?, verification: String, restore: String) {
        self.name = name
        self.takenWallMs = takenWallMs
        self.sizeBytes = sizeBytes
        self.verification = verification
        self.restore = restore
    }

    /// `/backups/a.dump, taken 2026-11-29T12:00:00.000Z, 3000000 bytes: pg_restore has read all of it`.
    public var text: String {
        let size = sizeBytes.map { ", \($0) bytes" } ?? ""
        return "\(name), taken \(WallTime(wallMs: takenWallMs))\(size): \(verification)"
    }
}

extension ProcedureWork {
    public var backup: BackupWork? { if case .backup(let work) = self { work } else { nil } }

    public var workload: WorkloadWork? { if case .workload(let work) = self { work } else { nil } }
}
