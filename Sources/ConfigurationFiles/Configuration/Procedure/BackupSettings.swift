import Declarations
import Model

/// The fields of a step that checks a backup.
struct BackupSettings {
    let folder: ConfigurationFolder

    var settings: [Setting<BackupWork>] {
        let tool: [Setting<BackupWork>] = [
            .required("tool", \.tool, .choice(BackupWork.Tool.self), "what made the backup"),
            .optional(
                "files", \.files, .wholePath(folder),
                "of `pg_dump`, `pg_basebackup`, `sqlite` and `mysqldump`: where backups are; the last part may have `*` and `?`"
            ),
            .value(
                "newest", \.newest, .choice(BackupWork.Order.self),
                "which of them is the newest: by the time of the last change, or by the name"),
            .optional("stanza", \.stanza, .line(limit: 200), "of `pgbackrest`"),
            .optional("repository", \.repository, .line(limit: 1_000), "of `restic`"),
            .value(
                "read_subset", \.readSubset, .line(limit: 20),
                "of `restic`: how much of the data is read, such as `5%` or `1/10`"),
            .optional(
                "options", \.moreOptions, .lines(of: "options"),
                "of `pgbackrest`, such as `--config=/etc/pgbackrest.conf`, and of `restic snapshots`, such as `--tag=db`"
            ),
            .optional(
                "command", \.programs, ProcedureStepReader.command,
                "of `command`: a program that does the whole check, ends with 0 and prints what it found"),
            .optional(
                "program", \.program, .wholePath(folder), shownDefault: "where Debian has it",
                "the program that verifies: `pg_restore`, `pg_verifybackup`, `pgbackrest`, `restic`, `sqlite3`"),
            .optional(
                "env_file", \.environmentFile, .wholePath(folder),
                "lines `NAME=value` for its environment, such as `RESTIC_PASSWORD`; read before each run"),
        ]
        return tool + limits + restore
    }

    private var limits: [Setting<BackupWork>] {
        [
            .value("max_age", \.maxAgeMs, .duration(60_000...31_536_000_000), "of the newest backup"),
            .value(
                "size", \.percents,
                ValueForm<[Int]>(
                    summary: "list of two percentages", schema: .array(of: .scalar, least: 2),
                    read: BackupSettings.percents, write: { .list($0.map { .plain("\($0)") }) }),
                "the least and the most that it may have of the size of the one before; without one before nothing is compared"
            ),
            .optional(
                "restore_test", \.restoreTest, restoreTest.form(),
                "what shows that a restore was tried lately; restoring is a job of yours"),
        ]
    }

    private var restore: [Setting<BackupWork>] {
        [
            .optional(
                "restore_to", \.restoreTo, .line(limit: 1_000),
                "where a restore would write: the database of `pg_dump` and `mysqldump`, the file of `sqlite`, the folder of "
                    + "`pg_basebackup` and `restic`"),
            .optional(
                "restore", \.restore, .line(limit: 2_000), shownDefault: "that of the tool",
                "the command that restores the backup; it is shown, and never run"),
        ]
    }

    private var restoreTest: Section<RestoreTest> {
        Section(
            owner: "'restore_test'", blank: RestoreTest(),
            settings: [
                .optional("file", \.file, .wholePath(folder), "your job changes it whenever a restore has worked"),
                .value("max_age", \.maxAgeMs, .duration(60_000...31_536_000_000), "of the file"),
                .optional(
                    "command", \.command, ProcedureStepReader.command,
                    "a program that ends with 0 when a restore has worked lately"),
            ],
            finish: { test, fields in
                if test.file != nil || test.command != nil { return true }
                fields.fail("'restore_test' needs 'file' or 'command'")
                return false
            })
    }

    private static func percents(_ field: Field) -> [Int]? {
        guard let entries = field.entries(of: "percentages") else { return nil }
        let numbers = entries.compactMap { $0.integer(0...100_000) }
        guard numbers.count == entries.count else { return nil }
        guard numbers.count == 2, numbers[0] < numbers[1] else {
            field.fail("'size' needs the least and the most percentage, such as [50, 200]")
            return nil
        }
        return numbers
    }

    /// - Returns: false after reporting what is missing.
    static func check(_ work: BackupWork, _ fields: Fields) -> Bool {
        func need(_ name: String, _ isThere: Bool) -> Bool {
            if !isThere { fields.fail("a backup of '\(work.tool.rawValue)' needs '\(name)'") }
            return isThere
        }
        let isRestorable = work.restore != nil || work.restoreTo != nil
        switch work.tool {
        case .pgDump, .pgBasebackup, .sqlite, .mysqldump:
            return need("files", work.files != nil) && need("restore_to", isRestorable) && isPattern(work, fields)
        case .restic: return need("repository", work.repository != nil) && need("restore_to", isRestorable)
        case .pgbackrest: return need("stanza", work.stanza != nil)
        case .command: return need("command", !work.command.isEmpty) && need("restore", work.restore != nil)
        }
    }

    private static func isPattern(_ work: BackupWork, _ fields: Fields) -> Bool {
        guard let files = work.files, let slash = files.lastIndex(of: "/") else { return true }
        if !files[..<slash].contains(where: { "*?".contains($0) }) { return true }
        fields["files"]?.fail("only the last part of 'files' may have '*' and '?'")
        return false
    }

    /// A destructive step without a backup before it could only be done by overruling.
    static func isBeforeDestructive(_ steps: [ProcedureStep], _ field: Field) -> Bool {
        for run in ProcedurePlan(steps: steps).runs {
            for (index, step) in run.enumerated() where step.work.isForPerson && step.isDestructive == true {
                if run[..<index].contains(where: { $0.work.backup != nil }) { continue }
                field.fail(
                    "the step \(Quote.name(step.name)) is destructive and no step before it checks a backup; write a step of "
                        + "kind 'backup' before it")
                return false
            }
        }
        return true
    }
}

extension ProcedurePlan {
    /// The steps that run one after the other: those of the ways forward, and those of a rollback.
    var runs: [[ProcedureStep]] { [steps(on: .begin) + steps(on: .promote), steps(on: .rollback)] }
}

extension BackupWork {
    fileprivate var moreOptions: [String]? {
        get { options.isEmpty ? nil : options }
        set { options = newValue ?? [] }
    }

    fileprivate var programs: [String]? {
        get { command.isEmpty ? nil : command }
        set { command = newValue ?? [] }
    }

    fileprivate var percents: [Int] {
        get { [leastPercent, mostPercent] }
        set { (leastPercent, mostPercent) = (newValue[0], newValue[1]) }
    }
}
