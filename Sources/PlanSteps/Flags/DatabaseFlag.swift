import Model
import Support

/// A flag in PostgreSQL, by `psql`: one absolute statement writes it, and another one reads it.
struct DatabaseFlag: FlagPlace {
    let exec: ExecStepDriver

    func plan(_ work: FlagWork) -> String {
        guard let statements = work.statements else { return "" }
        let file = statements.environmentFile.map { "(variables of \($0)) " } ?? ""
        return "\(file)\(statements.program): \(Self.filled(statements.write, work))"
    }

    func read(_ work: FlagWork, _ attempt: FlagTry) async -> FlagReading {
        switch await run(work, attempt, work.statements?.read ?? "") {
        case .failure(let failure): return .unreadable(failure.text)
        case .success(let output):
            let lines = output.split(whereSeparator: \.isNewline)
            guard lines.count == 1 else { return .absent("the statement gave \(lines.count) rows, not 1") }
            return .value(String(lines[0]), isWhole: true, shown: "the database's \(work.flag)")
        }
    }

    func set(_ work: FlagWork, _ attempt: FlagTry) async -> StepAnswer {
        switch await run(work, attempt, work.statements?.write ?? "") {
        case .failure(let failure): return failure.answer
        case .success(let output):
            // postgresql.org, Protocol: the command tag of UPDATE has the number of rows.
            let tag = output.split(whereSeparator: \.isNewline).last.map(String.init) ?? ""
            guard tag != "UPDATE 0" else { return .refused("no row has the flag '\(work.flag)': \(tag)") }
            return .done("the database has \(work.flag) = \(work.variant)\(exec.said(output))")
        }
    }

    /// Without `ON_ERROR_STOP` a statement that failed may end with 0.
    private func run(
        _ work: FlagWork, _ attempt: FlagTry, _ statement: String
    ) async -> Result<String, AnswerFailure> {
        guard let statements = work.statements else {
            return .failure(AnswerFailure(.refused("there is no statement")))
        }
        let command = [statements.program, "-XAt", "-v", "ON_ERROR_STOP=1", "-c", Self.filled(statement, work)]
        var call = attempt.call
        call.step.timeoutMs = attempt.leftMs
        let settings = ExecWork(
            command: command, environmentFile: statements.environmentFile, stopSignal: .int, graceMs: 1_000)
        switch await exec.output(of: command, settings, call) {
        case .failure(let failure): return .failure(failure)
        case .success(let ending):
            guard ending.status != 0 else { return .success(ending.output) }
            let text = "\(statements.program) ended with \(ending.status)\(exec.said(ending.output))"
            // 2: the connection could not be made, or broke.
            return .failure(AnswerFailure(ending.status == 2 ? .unknown(text) : .failed(text)))
        }
    }

    static func filled(_ statement: String, _ work: FlagWork) -> String {
        statement.replacing("{flag}", with: literal(work.flag)).replacing("{variant}", with: literal(work.variant))
    }

    /// postgresql.org, String Constants with C-style Escapes: the same whatever `standard_conforming_strings` is.
    private static func literal(_ text: String) -> String {
        guard text.contains("\\") else { return "'" + text.replacing("'", with: "''") + "'" }
        return "E'" + text.replacing("\\", with: "\\\\").replacing("'", with: "''") + "'"
    }
}
