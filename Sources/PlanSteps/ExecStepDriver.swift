import Foundation
import Model
import Support
import SystemSupport

/// Runs programs.
struct ExecStepDriver {
    /// `EX_TEMPFAIL` of sysexits.h: another try may succeed.
    private static let tryAgain: Int32 = 75
    /// `EX_CONFIG`: another try will not.
    private static let isMisconfigured: Int32 = 78
    /// Of what is kept with the incident.
    private static let textLimit = 1_000
    /// Of the file with variables.
    private static let fileLimitBytes = 64 << 10

    let runs: ProgramRuns?
    /// Of what a program says.
    var outputLimitBytes = 64 << 10

    func plan(_ work: ExecWork) -> String {
        let variables = work.environment.map { "\($0.name)=\(quoted($0.value))" }
        let file = work.environmentFile.map { ["(variables of \($0))"] } ?? []
        return (variables + file + work.command.map(quoted)).joined(separator: " ")
    }

    func run(_ work: ExecWork, _ call: StepCall) async -> StepAnswer {
        let started = await execute(work.command, work, call, mode: call.step.undoing == nil ? "run" : "undo")
        switch started {
        case .failure(let failure): return failure.answer
        case .success(let ending): return answer(ending, work.command[0])
        }
    }

    func check(_ work: ExecWork, _ call: StepCall) async -> StepAnswer {
        guard let proof = work.proof else {
            return .unreadable("nothing but its own exit status says whether it took effect")
        }
        switch await execute(proof, work, call, mode: "prove") {
        case .failure(let failure): return .unreadable(failure.text)
        case .success(let ending):
            let text = "\(proof[0]) ended with \(ending.status)\(said(ending.output))"
            return switch ending.status {
            case 0: .proved(text)
            case 1: .notProved(text)
            default: .unreadable(text)
            }
        }
    }

    /// What a program prints that only reads.
    func output(
        of command: [String], _ work: ExecWork, _ call: StepCall
    ) async -> Result<ChildProgram.Ending, AnswerFailure> {
        await execute(command, work, call, mode: "read")
    }

    private func answer(_ ending: ChildProgram.Ending, _ program: String) -> StepAnswer {
        let text = "\(program) ended with \(ending.status)\(said(ending.output))"
        return switch ending.status {
        case 0: .done(text)
        case ExecStepDriver.tryAgain: .failed("\(text) (75: try again)")
        case ExecStepDriver.isMisconfigured, 2: .refused(text)
        case 126, 127: .refused("\(text): it cannot be run")
        default: .failed(text)
        }
    }

    /// The failure is the answer of a program that did not end by itself.
    private func execute(
        _ command: [String], _ work: ExecWork, _ call: StepCall, mode: String
    ) async -> Result<ChildProgram.Ending, AnswerFailure> {
        if let reason = UntrustedFile.reasonToRefuse(command[0]) { return .failure(AnswerFailure(.refused(reason))) }
        let secrets: [String]
        do throws(AnswerFailure) { secrets = try lines(of: work.environmentFile) } catch { return .failure(error) }
        let surroundings = ChildProgram.Surroundings(
            environment: variables(work, call, mode: mode) + secrets, directory: work.directory ?? "/",
            hasOwnSession: true)
        let limits = ChildProgram.Limits(
            timeoutMs: call.step.timeoutMs, outputBytes: outputLimitBytes,
            stopSignal: work.stopSignal.number, graceMs: work.graceMs)
        let key = "\(call.key)/\(mode)"
        let result = await Self.onOwnThread { [runs] () -> Result<ChildProgram.Ending, ChildProgram.Failure> in
            if let former = call.step.undoing?.formerKey { runs?.endFormer("\(former)/run", limits: limits) }
            runs?.endFormer(key, limits: limits)
            defer { runs?.forget(key) }
            return Result { () throws(ChildProgram.Failure) in
                try ChildProgram.run(command, in: surroundings, limits: limits) { runs?.note(key, pid: $0) }
            }
        }
        return result.map { ending in
            var shown = ending
            shown.output = masked(ending.output, secrets)
            return shown
        }.mapError { failure in
            switch failure {
            case .cannotStart(let reason): AnswerFailure(.refused("\(command[0]) cannot be started: \(reason)"))
            case .tookTooLong(let output):
                AnswerFailure(
                    .unknown(
                        "\(command[0]) did not end within \(limits.timeoutMs) ms and was ended with all that it started"
                            + said(masked(output, secrets))))
            }
        }
    }

    /// A thread that may wait: a program that hangs delays nothing else.
    private static func onOwnThread<Value: Sendable>(_ work: @escaping @Sendable () -> Value) async -> Value {
        await withCheckedContinuation { waiting in Thread.detachNewThread { waiting.resume(returning: work()) } }
    }

    private func variables(_ work: ExecWork, _ call: StepCall, mode: String) -> [String] {
        [
            "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LANG=C.UTF-8",
            "ROLLGUARD_RELEASE=\(call.release)", "ROLLGUARD_INCIDENT=\(call.incident)",
            "ROLLGUARD_STEP=\(call.step.name)", "ROLLGUARD_STEP_KEY=\(call.key)",
            "ROLLGUARD_WHEN=\(call.road.rawValue)",
            "ROLLGUARD_MODE=\(mode)", "ROLLGUARD_ATTEMPT=\(call.attempt)",
            "ROLLGUARD_BASELINE_VERSION=\(call.baselineVersion)", "ROLLGUARD_CANARY_VERSION=\(call.canaryVersion)",
        ] + work.environment.map { "\($0.name)=\($0.value)" }
    }

    /// `NAME=value`, in the file's order.
    private func lines(of path: String?) throws(AnswerFailure) -> [String] {
        guard let path else { return [] }
        let content: RegularFile.Content
        do { content = try RegularFile.read(path, limitBytes: ExecStepDriver.fileLimitBytes) } catch {
            throw AnswerFailure(.refused("'env_file' \(path) cannot be read: \(error.reason)"))
        }
        let lines = String(decoding: content.bytes, as: UTF8.self).split(whereSeparator: \.isNewline)
            .map { $0.trimmingCharacters(in: .whitespaces) }.filter { !$0.isEmpty && !$0.hasPrefix("#") }
        guard lines.allSatisfy({ $0.contains("=") && !$0.hasPrefix("=") }) else {
            throw AnswerFailure(.refused("'env_file' \(path) has a line that is not NAME=value"))
        }
        return lines
    }

    /// A program may print what it was given.
    private func masked(_ output: String, _ secrets: [String]) -> String {
        secrets.reduce(output) { text, line in
            let value = line[line.index(after: line.firstIndex(of: "=") ?? line.startIndex)...]
            return value.count < 4 ? text : text.replacing(value, with: "***")
        }
    }

    /// The end of what it said, in one line.
    func said(_ output: String) -> String {
        let line = output.split(whereSeparator: \.isNewline).joined(separator: " | ")
        guard !line.isEmpty else { return "" }
        return ": " + (line.count <= ExecStepDriver.textLimit ? line : "…" + line.suffix(ExecStepDriver.textLimit))
    }

    func quoted(_ text: String) -> String { ExecStepDriver.quoted(text) }

    /// For a shell.
    static func quoted(_ text: String) -> String {
        let isPlain = !text.isEmpty && text.allSatisfy { $0.isLetter || $0.isNumber || "/._-=:@%+,".contains($0) }
        return isPlain ? text : "'\(text.replacing("'", with: #"'\''"#))'"
    }
}

/// Why there is no ending: the answer of the step.
struct AnswerFailure: Error {
    let answer: StepAnswer

    init(_ answer: StepAnswer) { self.answer = answer }

    var text: String { answer.text }
}

extension ExecWork.StopSignal {
    var number: Int32 {
        switch self {
        case .term: SIGTERM
        case .int: SIGINT
        case .quit: SIGQUIT
        }
    }
}
