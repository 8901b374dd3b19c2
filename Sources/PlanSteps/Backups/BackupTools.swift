import Foundation
import Glibc
import Model
import Support

/// What each tool knows of its backups, and how it reads one.
struct BackupTools {
    typealias List = (newest: ListedBackup?, before: ListedBackup?)

    let work: BackupWork
    let programs: BackupPrograms

    private var program: String { work.program ?? work.tool.usualProgram }

    /// The newest backup and the one before.
    func list() async throws(AnswerFailure) -> List {
        switch work.tool {
        case .pgDump, .pgBasebackup, .sqlite, .mysqldump: try await files()
        case .pgbackrest: try await PgBackRest(program: program, work: work, programs: programs).list()
        case .restic: try await Restic(program: program, work: work, programs: programs).list()
        case .command: try await commandList()
        }
    }

    /// Reads all of it, as far as the tool can.
    ///
    /// - Returns: how it was verified.
    func verify(_ backup: ListedBackup) async throws(AnswerFailure) -> String {
        switch work.tool {
        case .pgDump:
            // `-l` reads the list at the front alone, and takes a file that was cut off.
            _ = try await programs.output([program, "-f", "/dev/null", backup.name])
            return "pg_restore has read all of it"
        case .pgBasebackup:
            _ = try await programs.output([program, "-q", backup.name])
            return "pg_verifybackup has compared every file with the manifest"
        case .sqlite: return try await integrity(of: backup)
        case .mysqldump: return try completed(backup)
        case .pgbackrest: return try await PgBackRest(program: program, work: work, programs: programs).verify()
        case .restic: return try await Restic(program: program, work: work, programs: programs).verify()
        case .command: return "\(work.command[0]) says so"
        }
    }

    // MARK: Files

    private func files() async throws(AnswerFailure) -> List {
        let found = BackupFiles(pattern: work.files ?? "", order: work.newest).newestTwo()
        guard let newest = found.first else {
            throw AnswerFailure(.failed("no file is named \(work.files ?? "")"))
        }
        let before = found.count > 1 ? try await listed(found[1], isNewest: false) : nil
        return (try await listed(newest, isNewest: true), before)
    }

    private func listed(_ file: BackupFiles.Facts, isNewest: Bool) async throws(AnswerFailure) -> ListedBackup {
        var backup = ListedBackup(name: file.path, takenWallMs: file.changedWallMs, sizeBytes: file.sizeBytes)
        if file.isFolder { backup.sizeBytes = try await size(ofFolder: file.path) }
        if work.tool == .pgBasebackup {
            guard let manifest = BackupFiles.facts(file.path + "/backup_manifest") else {
                throw AnswerFailure(
                    .failed("\(file.path) has no backup_manifest: it is no base backup, or not complete"))
            }
            backup.takenWallMs = manifest.changedWallMs
        }
        if isNewest, work.tool == .pgDump, let began = try await dumpBegan(file.path) {
            // The time of a file is new after each copy; the archive has its own.
            backup.takenWallMs = min(backup.takenWallMs, began)
        }
        return backup
    }

    private func size(ofFolder path: String) async throws(AnswerFailure) -> Int64? {
        let text = try await programs.output(["/usr/bin/du", "--summarize", "--apparent-size", "--block-size=1", path])
        return text.split(whereSeparator: \.isWhitespace).first.flatMap { Int64($0) }
    }

    /// `; Archive created at 2026-11-29 12:00:00 UTC`, in the zone of this machine.
    private func dumpBegan(_ path: String) async throws(AnswerFailure) -> Int64? {
        let list = try await programs.output([program, "-l", path])
        let mark = "; Archive created at "
        guard let line = list.split(separator: "\n").prefix(20).first(where: { $0.hasPrefix(mark) }) else { return nil }
        return LocalTime.wallMs(String(line.dropFirst(mark.count)))
    }

    private func integrity(of backup: ListedBackup) async throws(AnswerFailure) -> String {
        // Unchanged, so that no file is written beside it.
        let allowed = CharacterSet.urlPathAllowed.subtracting(CharacterSet(charactersIn: "?#%"))
        let path = backup.name.addingPercentEncoding(withAllowedCharacters: allowed) ?? backup.name
        let text = try await programs.output([
            program, "-batch", "-readonly", "file:\(path)?immutable=1",
            "pragma integrity_check(10)", "select 'tables: ' || count(*) from sqlite_master where type = 'table'",
        ])
        let lines = text.split(whereSeparator: \.isNewline).map(String.init)
        guard lines.first == "ok", lines.count == 2 else {
            throw AnswerFailure(.failed("\(backup.name) is damaged\(programs.exec.said(text))"))
        }
        // An empty file is a valid database.
        guard lines[1] != "tables: 0" else { throw AnswerFailure(.failed("\(backup.name) has no table")) }
        return "integrity_check says ok; \(lines[1])"
    }

    /// A dump that was cut off has no last line; no program reads one without restoring it.
    private func completed(_ backup: ListedBackup) throws(AnswerFailure) -> String {
        guard let end = BackupFiles.end(of: backup.name, bytes: 4_096) else {
            throw AnswerFailure(.failed("\(backup.name) cannot be read"))
        }
        let last = String(decoding: end, as: UTF8.self).split(whereSeparator: \.isNewline).last ?? ""
        guard last.hasPrefix("-- Dump completed") else {
            throw AnswerFailure(
                .failed(
                    "\(backup.name) does not end with '-- Dump completed': it was cut off, is compressed, or was written "
                        + "with --skip-comments"))
        }
        return "its last line is there (\(last)); only a restore test shows that it can be restored"
    }

    // MARK: A command

    private struct Printed: Decodable {
        let name: String
        let taken: WallTime
        let size: Int64?
        let sizeBefore: Int64?

        enum CodingKeys: String, CodingKey {
            case name, taken, size
            case sizeBefore = "size_before"
        }
    }

    private func commandList() async throws(AnswerFailure) -> List {
        let text = try await programs.output(work.command)
        let last = text.split(whereSeparator: \.isNewline).last { $0.contains("{") } ?? ""
        guard let printed = try? JSONDecoder().decode(Printed.self, from: Data(last.utf8)) else {
            throw AnswerFailure(
                .failed(
                    "\(work.command[0]) printed\(programs.exec.said(text)); expected a last line such as "
                        + #"{"name": "db-17", "taken": "2026-11-29T12:00:00Z", "size": 1200, "size_before": 1100}"#))
        }
        let before = printed.sizeBefore.map { ListedBackup(name: "the one before", takenWallMs: 0, sizeBytes: $0) }
        return (
            ListedBackup(name: printed.name, takenWallMs: printed.taken.wallMs, sizeBytes: printed.size), before
        )
    }
}

/// A time without a zone, as programs print it.
enum LocalTime {
    /// `2026-11-29 12:00:00 …` in the zone of this machine; nil for anything else.
    static func wallMs(_ text: String) -> Int64? {
        let fields = text.split(separator: " ")
        guard fields.count >= 2, let asUTC = WallTime("\(fields[0])T\(fields[1])Z") else { return nil }
        var (seconds, parts) = (time_t(asUTC.wallMs / 1_000), tm())
        gmtime_r(&seconds, &parts)
        parts.tm_isdst = -1
        seconds = mktime(&parts)
        return seconds == -1 ? nil : Int64(seconds) * 1_000
    }
}

extension BackupWork.Tool {
    /// Where Debian has the program that verifies.
    var usualProgram: String {
        switch self {
        case .pgDump: "/usr/bin/pg_restore"
        case .pgBasebackup: newestPostgres + "/bin/pg_verifybackup"
        case .pgbackrest: "/usr/bin/pgbackrest"
        case .restic: "/usr/bin/restic"
        case .sqlite: "/usr/bin/sqlite3"
        case .mysqldump, .command: ""
        }
    }

    /// Debian has no link to that program in /usr/bin.
    private var newestPostgres: String {
        let folder = "/usr/lib/postgresql"
        let versions = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        return folder + "/" + (versions.max { (Int($0) ?? 0) < (Int($1) ?? 0) } ?? "15")
    }
}

extension BackupWork {
    /// What an operator would run to restore it.
    func restoreCommand(_ name: String) -> String {
        let (from, to) = (ExecStepDriver.quoted(name), ExecStepDriver.quoted(restoreTo ?? ""))
        let more = options.map { ExecStepDriver.quoted($0) + " " }.joined()
        switch tool {
        case .pgDump: return "pg_restore --clean --if-exists --exit-on-error --single-transaction -d \(to) \(from)"
        case .pgBasebackup:
            return "pg_ctl -D \(to) stop && mv \(to) \(to).before && cp -a \(from) \(to) && pg_ctl -D \(to) start"
        // Without a target it would replay the log, and with it the very step that is to be taken back.
        case .pgbackrest:
            return
                "pgbackrest \(more)--stanza=\(stanza ?? "") --set=\(name) --delta --type=immediate --target-action=promote restore"
        case .restic:
            return "restic -r \(ExecStepDriver.quoted(repository ?? "")) \(more)restore \(name) --target \(to)"
        case .sqlite: return "sqlite3 \(to) \(ExecStepDriver.quoted(".restore '\(name)'"))"
        case .mysqldump: return "mysql \(to) < \(from)"
        case .command: return restore ?? ""
        }
    }
}
