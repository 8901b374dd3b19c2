import Centres
import Logging
import Model
import Ports
import SourceCalls
import Support

/// Follows a configuration centre while the daemon runs: reads it, judges the reading, validates it as a configuration, and
/// has it taken whole or refused whole.
actor CentreService {
    private static let firstRetryMs: Int64 = 1_000
    private static let retryLimitMs: Int64 = 60_000
    /// Between readings while half of a change is there.
    private static let waitingMs: Int64 = 1_000

    private let centre: any Centre
    private let store: CentreStore
    private let reloader: Reloader
    private let watchdog: Watchdog
    private let clock: any DaemonClock
    private let logger: Logger
    private let board: CentreBoard
    private var judge: CentreJudge
    private var report: CentreReport
    private let seed: UInt64
    /// Of the last refusal that was journalled: the digest and the reasons.
    private var knownRefusal: (digest: String, reasons: String)?

    init(
        centre: any Centre, start: CentreStart.Outcome, store: CentreStore, reloader: Reloader, watchdog: Watchdog,
        clock: any DaemonClock, logger: Logger, board: CentreBoard, seed: UInt64
    ) {
        self.centre = centre
        self.store = store
        self.reloader = reloader
        self.watchdog = watchdog
        self.clock = clock
        self.logger = logger
        self.board = board
        judge = CentreJudge(label: centre.label, needsManifest: centre.needsManifest, accepted: start.state)
        self.seed = seed
        report = CentreReport(label: centre.label)
        report.isFromDisk = start.state != nil && start.problem != nil
        report.problem = start.problem
        if let state = start.state { Self.show(state, in: &report) }
        if start.problem == nil { report.lastReadWallMs = clock.wallMs }
        if let record = start.record, record.outcome == .refused {
            knownRefusal = (record.digest, record.problems.joined(separator: "\n"))
        }
        board.show(report)
    }

    /// Until the task is cancelled.
    func run() async {
        var pause = RetryPause(minMs: Self.firstRetryMs, maxMs: Self.retryLimitMs)
        while !Task.isCancelled {
            do throws(SourceError) {
                let reading = try await centre.read()
                pause.reset()
                let isComplete = await take(reading)
                do throws(CancellationError) {
                    if isComplete {
                        try await centre.waitForChange(after: reading)
                    } else {
                        try await clock.sleep(ms: Self.waitingMs)
                    }
                } catch { return }
            } catch {
                if Task.isCancelled { return }
                note(problem: "it cannot be read: \(error.reason)")
                do throws(CancellationError) { try await clock.sleep(ms: pause.next(seed: seed)) } catch { return }
            }
        }
    }

    /// - Returns: false when the next reading should come soon.
    private func take(_ reading: CentreReading) async -> Bool {
        switch judge.judge(reading, at: clock.now.uptimeMs) {
        case .same:
            knownRefusal = nil
            report.isFromDisk = false
            confirmed(problem: nil)
            return true
        case .waiting(let reason):
            confirmed(problem: reason)
            return false
        case .refused(let reason):
            let state = CentreState(
                label: centre.label, revision: reading.revision, order: reading.order,
                digest: CentreDigest.of(reading.files), manifest: nil, files: reading.files)
            await refuse(state, [reason])
            return true
        case .candidate(let state):
            await take(state)
            return true
        }
    }

    private func take(_ state: CentreState) async {
        let known = knownRefusal?.digest == state.digest ? knownRefusal?.reasons : nil
        switch await reloader.reload(taking: state, knownReasons: known) {
        case .applied(let changes):
            let record = ConfigurationRecord(
                outcome: .applied, state: state, files: state.differences(from: judge.accepted), changes: changes)
            judge.accept(state)
            knownRefusal = nil
            report.isFromDisk = false
            Self.show(state, in: &report)
            confirmed(problem: nil)
            if let problem = store.save(state, wallMs: clock.wallMs) { logger.error("\(problem)") }
            await watchdog.send(.configured(record))
        case .refused(let reasons): await refuse(state, reasons)
        }
    }

    /// Journalled once for each content and each list of reasons; tried again at each reading, because a
    /// rollback or a rollout that forbids the change may end.
    private func refuse(_ state: CentreState, _ reasons: [String]) async {
        confirmed(problem: "revision \(state.revision) is refused: \(reasons.first ?? "it is invalid")")
        let text = reasons.joined(separator: "\n")
        guard knownRefusal?.digest != state.digest || knownRefusal?.reasons != text else { return }
        knownRefusal = (state.digest, text)
        let record = ConfigurationRecord(
            outcome: .refused, state: state, files: state.differences(from: judge.accepted), problems: reasons)
        await watchdog.send(.configured(record))
    }

    private func confirmed(problem: String?) {
        report.lastReadWallMs = clock.wallMs
        note(problem: problem)
    }

    private func note(problem: String?) {
        if problem != report.problem {
            if let problem {
                logger.warning("configuration centre \(centre.label): \(problem)")
            } else {
                logger.info("configuration centre \(centre.label): what it holds is in force")
            }
        }
        report.problem = problem
        board.show(report)
    }

    private static func show(_ state: CentreState, in report: inout CentreReport) {
        report.revision = state.revision
        report.manifestRevision = state.manifest?.revision
        report.digest = state.digest
    }
}
