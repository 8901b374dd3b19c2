import Foundation
import Model
import Support
import SystemSupport

/// Asks the database what is applied, by a program that prints it. Changes nothing, as far as the program does not.
struct SchemaReader {
    let exec: ExecStepDriver

    func read(_ gate: SchemaGate, release: String) async -> SchemaReport {
        let began = ContinuousClock.now
        let report = await applied(gate, release: release)
        guard case .read(var reading) = report, let command = gate.running else { return report }
        let passedMs = began.duration(to: .now).wholeMilliseconds
        switch await output(of: command, gate, release: release, timeoutMs: max(1, gate.timeoutMs - passedMs)) {
        case .failure(let failure): return .unreadable(failure.text)
        case .success(let ending):
            let text = ending.output.trimmingCharacters(in: .whitespacesAndNewlines)
            guard ending.status == 0, let count = Int(text) else {
                return .unreadable(
                    "\(command[0]) ended with \(ending.status)\(exec.said(ending.output)); expected the number of migrations "
                        + "that are running")
            }
            if count > 0 { reading.running = reading.running ?? "\(count) by \(command[0])" }
            return .read(reading)
        }
    }

    private func applied(_ gate: SchemaGate, release: String) async -> SchemaReport {
        switch await output(of: gate.command, gate, release: release, timeoutMs: gate.timeoutMs) {
        case .failure(let failure): return .unreadable(failure.text)
        case .success(let ending):
            if ending.status != 0, SchemaOutput.saysNoTable(ending.output) { return .read(SchemaReading()) }
            guard ending.status == 0 else {
                return .unreadable("\(gate.command[0]) ended with \(ending.status)\(exec.said(ending.output))")
            }
            return SchemaOutput(text: ending.output, tool: gate.tool).report
        }
    }

    private func output(
        of command: [String], _ gate: SchemaGate, release: String, timeoutMs: Int64
    ) async -> Result<ChildProgram.Ending, AnswerFailure> {
        let work = ExecWork(command: command, environmentFile: gate.environmentFile)
        let step = ProcedureStep(name: "schema", work: .exec(work), timeoutMs: timeoutMs, isIdempotent: true)
        let call = StepCall(
            release: release, incident: release, number: 0, step: step, attempt: 1, baselineVersion: "",
            canaryVersion: "")
        return await exec.output(of: command, work, call)
    }
}

extension Duration {
    var wholeMilliseconds: Int64 { components.seconds * 1_000 + components.attoseconds / 1_000_000_000_000_000 }
}

/// What such a program prints: `psql -XAt`, `mysql -N`, `sqlite3`, or the tool's own status.
struct SchemaOutput {
    let text: String
    let tool: SchemaGate.Tool

    /// A migration's name has fewer characters.
    private static let nameLimit = 500

    /// The table of a tool that was never used is not there.
    static func saysNoTable(_ output: String) -> Bool {
        // PostgreSQL 42P01, MySQL and MariaDB 1146, SQLite.
        (output.contains("relation") && output.contains("does not exist"))
            || (output.contains("Table") && output.contains("doesn't exist")) || output.contains("no such table")
    }

    private var lines: [Substring] {
        text.split(whereSeparator: \.isNewline).filter { !$0.allSatisfy(\.isWhitespace) }
    }

    var report: SchemaReport {
        switch tool {
        case .golangMigrate: number
        case .flyway: rows(2) { $0[1] == "t" || $0[1] == "1" || $0[1] == "true" ? nil : "\($0[0]) has failed" }
        case .atlas:
            rows(3) { fields in
                if fields.count > 3, !fields[3].isEmpty { return "\(fields[0]): \(fields[3])" }
                return fields[1] == fields[2] ? nil : "\(fields[0]): \(fields[1]) of \(fields[2]) statements"
            }
        case .liquibase: changeSets
        case .dbmate, .rails, .alembic, .django, .list: rows(1) { _ in nil }
        }
    }

    /// `42|f`, `42 0`, `42 (dirty)`; nothing where nothing is applied.
    private var number: SchemaReport {
        if lines.isEmpty || text.contains("error: no migration") { return .read(SchemaReading()) }
        let fields = lines[0].split { "| \t,".contains($0) }
        guard lines.count == 1, (1...2).contains(fields.count), let number = Int64(fields[0]) else {
            return unexpected(lines[0], "a number, and whether it is dirty")
        }
        switch fields.count == 2 ? fields[1] : "f" {
        case "f", "0", "false": return .read(SchemaReading(number: number))
        case "t", "1", "true", "(dirty)": return .read(SchemaReading(number: number, dirty: "version \(number)"))
        default: return unexpected(lines[0], "a number, and whether it is dirty")
        }
    }

    /// `id|author|filename`, named as Liquibase names them, `filename::id::author`; and the row of the lock,
    /// `lock|locked|lockedby|lockgranted`.
    private var changeSets: SchemaReport {
        var reading = SchemaReading()
        for line in lines {
            let fields = line.split(separator: line.contains("|") ? "|" : "\t", omittingEmptySubsequences: false)
                .map { $0.trimmingCharacters(in: .whitespaces) }
            if fields.count == 4, fields[0] == "lock" {
                if ["t", "1", "true"].contains(fields[1]) {
                    reading.running = "Liquibase's lock is held by \(fields[2]) since \(fields[3])"
                }
                continue
            }
            guard fields.count == 3, !fields[0].isEmpty, line.count <= 3 * Self.nameLimit else {
                return unexpected(
                    line, "id, author and filename with | between them, or lock, locked, lockedby, lockgranted")
            }
            reading.applied.append("\(fields[2])::\(fields[0])::\(fields[1])")
        }
        return .read(reading)
    }

    /// - Parameter dirty: what is wrong with a row; nil when nothing is.
    private func rows(_ least: Int, dirty: ([Substring]) -> String?) -> SchemaReport {
        var reading = SchemaReading()
        for line in lines {
            let fields = line.split(separator: line.contains("|") ? "|" : "\t", omittingEmptySubsequences: false)
            let name = fields[0].drop(while: \.isWhitespace)
            guard fields.count >= least, !name.isEmpty, name.count <= Self.nameLimit else {
                return unexpected(
                    line, least == 1 ? "a name per line" : "\(least) fields per line, with | between them")
            }
            reading.dirty = reading.dirty ?? dirty(fields)
            reading.applied.append(String(name))
        }
        return .read(reading)
    }

    private func unexpected(_ line: Substring, _ wanted: String) -> SchemaReport {
        .unreadable("'\(line.prefix(100))' is not what \(tool.rawValue) stores; expected \(wanted)")
    }
}
