import Foundation
import Model
import Support
import SystemSupport

/// Reads whether the newest backup could be restored. It takes none, and restores none.
struct BackupStepDriver: Sendable {
    private let exec: ExecStepDriver
    private let nowWallMs: @Sendable () -> Int64

    init(
        runs: ProgramRuns?, nowWallMs: @escaping @Sendable () -> Int64 = { Int64(Date().timeIntervalSince1970 * 1_000) }
    ) {
        // A list of backups may be long.
        exec = ExecStepDriver(runs: runs, outputLimitBytes: 4 << 20)
        self.nowWallMs = nowWallMs
    }

    func plan(_ work: BackupWork) -> String {
        let age = "not older than \(work.maxAgeMs / 60_000) min"
        switch work.tool {
        case .command:
            return "check a backup, \(age): " + work.command.map(ExecStepDriver.quoted).joined(separator: " ")
        case .restic, .pgbackrest:
            return
                "verify the newest backup of \(work.repository ?? work.stanza ?? ""), \(age), by \(work.tool.rawValue)"
        case .pgDump, .pgBasebackup, .sqlite, .mysqldump:
            return "verify the newest of \(work.files ?? ""), \(age), by \(work.tool.rawValue)"
        }
    }

    /// All of it: what the tool has to say of the newest backup may take long.
    func run(_ work: BackupWork, _ call: StepCall) async -> StepAnswer {
        let programs = BackupPrograms(exec: exec, work: work, call: call)
        do throws(AnswerFailure) {
            let newest = try await acceptable(work, programs)
            let verification = try await BackupTools(work: work, programs: programs).verify(newest)
            return .verified(
                BackupFound(
                    name: newest.name, takenWallMs: newest.takenWallMs, sizeBytes: newest.sizeBytes,
                    verification: verification, restore: work.restore ?? work.restoreCommand(newest.name)))
        } catch { return error.answer }
    }

    /// What a moment can show: how old the newest backup is, its size, and when a restore was last tried.
    func check(_ work: BackupWork, _ call: StepCall) async -> StepAnswer {
        let programs = BackupPrograms(exec: exec, work: work, call: call)
        do throws(AnswerFailure) {
            let newest = try await acceptable(work, programs)
            return .proved("\(newest.text); it is verified when the step runs")
        } catch {
            return if case .failed(let text) = error.answer { .notProved(text) } else { .unreadable(error.text) }
        }
    }

    /// The newest backup, if it is young and large enough and a restore was tried lately.
    private func acceptable(
        _ work: BackupWork, _ programs: BackupPrograms
    ) async throws(AnswerFailure) -> ListedBackup {
        let list = try await BackupTools(work: work, programs: programs).list()
        guard let newest = list.newest else { throw AnswerFailure(.failed("there is no backup at all")) }
        try judge(newest, before: list.before, work)
        try await tryRestoreTest(work, programs)
        return newest
    }

    private func judge(
        _ newest: ListedBackup, before: ListedBackup?, _ work: BackupWork
    ) throws(AnswerFailure) {
        let ageMs = nowWallMs() - newest.takenWallMs
        if ageMs > work.maxAgeMs {
            throw AnswerFailure(
                .failed("\(newest.text) is \(ageMs / 60_000) min old, more than \(work.maxAgeMs / 60_000) min"))
        }
        // A clock that is wrong would make every backup young.
        if ageMs < -300_000 { throw AnswerFailure(.failed("\(newest.text) is of the future; compare the clocks")) }
        guard let size = newest.sizeBytes, let sizeBefore = before?.sizeBytes, sizeBefore > 0 else { return }
        let percent = Double(size) * 100 / Double(sizeBefore)
        if percent < Double(work.leastPercent) || percent > Double(work.mostPercent) {
            throw AnswerFailure(
                .failed(
                    "\(newest.text) has \(Int(percent)) % of the size of the one before, \(before?.text ?? ""); expected "
                        + "\(work.leastPercent) to \(work.mostPercent) %"))
        }
    }

    private func tryRestoreTest(_ work: BackupWork, _ programs: BackupPrograms) async throws(AnswerFailure) {
        guard let test = work.restoreTest else { return }
        if let path = test.file {
            guard let file = BackupFiles.facts(path) else {
                throw AnswerFailure(.failed("the restore was never tried: \(path) is not there"))
            }
            let ageMs = nowWallMs() - file.changedWallMs
            if ageMs > test.maxAgeMs {
                throw AnswerFailure(
                    .failed(
                        "the restore was last tried \(ageMs / 3_600_000) h ago, more than \(test.maxAgeMs / 3_600_000) h: \(path)"
                    ))
            }
        }
        guard let command = test.command else { return }
        let ending = try await programs.ending(command)
        guard ending.status == 0 else {
            throw AnswerFailure(
                .failed("the restore test \(command[0]) ended with \(ending.status)\(exec.said(ending.output))"))
        }
    }
}

/// A backup before it was verified.
struct ListedBackup: Sendable, Equatable {
    var name: String
    var takenWallMs: Int64
    var sizeBytes: Int64?

    var text: String {
        "\(name), taken \(WallTime(wallMs: takenWallMs))" + (sizeBytes.map { ", \($0) bytes" } ?? "")
    }
}

/// The programs of one check, which have the time of one try together.
struct BackupPrograms: Sendable {
    /// From the signal to the kill; a check has nothing to clean up.
    private static let graceMs: Int64 = 2_000

    let exec: ExecStepDriver
    let work: BackupWork
    let call: StepCall
    private let end: ContinuousClock.Instant

    init(exec: ExecStepDriver, work: BackupWork, call: StepCall) {
        (self.exec, self.work, self.call) = (exec, work, call)
        end = .now + .milliseconds(call.step.timeoutMs)
    }

    /// What a program said and how it ended. A check changes nothing, so one that was cut off has failed and no more.
    func ending(_ command: [String]) async throws(AnswerFailure) -> ChildProgram.Ending {
        var call = call
        call.step.timeoutMs = max(1, ContinuousClock.now.duration(to: end).wholeMilliseconds)
        let zone = ProcessInfo.processInfo.environment["TZ"].map { [TextPair("TZ", $0)] } ?? []
        let program = ExecWork(
            command: command, environment: zone, environmentFile: work.environmentFile, graceMs: Self.graceMs)
        switch await exec.output(of: command, program, call) {
        case .success(let ending): return ending
        case .failure(let failure):
            if case .unknown(let text) = failure.answer { throw AnswerFailure(.failed(text)) }
            throw failure
        }
    }

    /// What a program said that has to end with 0.
    func output(_ command: [String]) async throws(AnswerFailure) -> String {
        let ending = try await ending(command)
        guard ending.status == 0 else {
            throw AnswerFailure(.failed("\(command[0]) ended with \(ending.status)\(exec.said(ending.output))"))
        }
        return ending.output
    }
}
