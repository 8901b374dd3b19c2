import Foundation
import Model
import Support

/// pgBackRest (pgbackrest.org/command.html).
struct PgBackRest {
    let program: String
    let work: BackupWork
    let programs: BackupPrograms

    private struct Stanza: Decodable {
        struct Status: Decodable {
            let code: Int
            let message: String
        }

        struct Backup: Decodable {
            struct Timestamp: Decodable {
                let stop: Int64
            }

            struct Info: Decodable {
                let size: Int64
            }

            let label: String
            let timestamp: Timestamp
            let info: Info
            /// Blocks of the database had wrong checksums.
            let error: Bool?
        }

        let status: Status
        let backup: [Backup]
    }

    private func command(_ arguments: String...) -> [String] {
        [program] + work.options + ["--stanza=\(work.stanza ?? "")"] + arguments
    }

    func list() async throws(AnswerFailure) -> BackupTools.List {
        let text = try await programs.output(command("--output=json", "info"))
        guard let stanza = JSONText.decoded([Stanza].self, text)?.first else {
            throw AnswerFailure(.failed("\(program) info printed no JSON\(programs.exec.said(text))"))
        }
        let sorted = stanza.backup.sorted { $0.timestamp.stop > $1.timestamp.stop }
        guard stanza.status.code == 0, let newest = sorted.first else {
            throw AnswerFailure(.failed("pgbackrest says of \(work.stanza ?? ""): \(stanza.status.message)"))
        }
        if newest.error == true {
            throw AnswerFailure(.failed("\(newest.label) has blocks of the database whose checksums are wrong"))
        }
        let listed = sorted.prefix(2).map {
            ListedBackup(name: $0.label, takenWallMs: $0.timestamp.stop * 1_000, sizeBytes: $0.info.size)
        }
        return (listed.first, listed.dropFirst().first)
    }

    /// It ends with 0 whatever it found: only its text, at the level `info`, says so.
    func verify() async throws(AnswerFailure) -> String {
        let text = try await programs.output(
            command("--log-level-console=info", "--log-level-stderr=off", "verify"))
        let lines = text.split(whereSeparator: \.isNewline)
        if let bad = lines.first(where: { $0.contains("status: error") || $0.contains("invalid checksum") }) {
            throw AnswerFailure(
                .failed(
                    "pgbackrest verify found damage: \(bad.trimmingCharacters(in: .whitespaces))\(programs.exec.said(text))"
                ))
        }
        guard
            lines.contains(where: { $0.contains("status: ok") })
                || lines.contains(where: { $0.contains("command end: completed successfully") })
        else {
            throw AnswerFailure(.failed("pgbackrest verify did not say that all is well\(programs.exec.said(text))"))
        }
        return "pgbackrest verify has read the repository"
    }
}

/// restic (restic.readthedocs.io).
struct Restic {
    let program: String
    let work: BackupWork
    let programs: BackupPrograms

    private struct Snapshot: Decodable {
        let time: String
        let id: String
    }

    private struct Statistics: Decodable {
        let size: Int64

        enum CodingKeys: String, CodingKey { case size = "total_size" }
    }

    private func command(_ arguments: [String]) -> [String] {
        [program, "-r", work.repository ?? "", "--no-cache"] + arguments
    }

    func list() async throws(AnswerFailure) -> BackupTools.List {
        let text = try await programs.output(command(["--no-lock", "--json", "snapshots"] + work.options))
        guard let snapshots = JSONText.decoded([Snapshot].self, text) else {
            throw AnswerFailure(.failed("\(program) snapshots printed no JSON\(programs.exec.said(text))"))
        }
        let timed = snapshots.compactMap { snapshot in
            RFC3339.wallMs(snapshot.time).map { ListedBackup(name: snapshot.id, takenWallMs: $0, sizeBytes: nil) }
        }
        var two = Array(timed.sorted { $0.takenWallMs > $1.takenWallMs }.prefix(2))
        for index in two.indices { two[index].sizeBytes = try await size(two[index].name) }
        return (two.first, two.dropFirst().first)
    }

    private func size(_ id: String) async throws(AnswerFailure) -> Int64? {
        JSONText.decoded(Statistics.self, try await programs.output(command(["--no-lock", "--json", "stats", id])))?
            .size
    }

    func verify() async throws(AnswerFailure) -> String {
        _ = try await programs.output(command(["check", "--read-data-subset=\(work.readSubset)"]))
        return "restic check has read the structure, and \(work.readSubset) of the data"
    }
}

/// JSON among other lines: what a program says on its standard error comes with it.
enum JSONText {
    static func decoded<Value: Decodable>(_ type: Value.Type, _ text: String) -> Value? {
        let decoder = JSONDecoder()
        if let value = try? decoder.decode(type, from: Data(text.utf8)) { return value }
        for line in text.split(whereSeparator: \.isNewline) where line.first == "[" || line.first == "{" {
            if let value = try? decoder.decode(type, from: Data(line.utf8)) { return value }
        }
        return nil
    }
}

/// A time with a zone: `2026-11-29T12:00:00.123456789+01:00`.
enum RFC3339 {
    static func wallMs(_ text: String) -> Int64? {
        guard let dot = text.lastIndex(where: { $0 == "Z" || $0 == "+" || $0 == "-" }), dot > text.startIndex else {
            return nil
        }
        guard let time = WallTime(text[..<dot] + "Z") else { return nil }
        if text[dot] == "Z" { return time.wallMs }
        let digits = text[text.index(after: dot)...].split(separator: ":").compactMap { Int64($0) }
        guard digits.count == 2 else { return nil }
        let offsetMs = (digits[0] * 60 + digits[1]) * 60_000
        return time.wallMs - (text[dot] == "+" ? offsetMs : -offsetMs)
    }
}
