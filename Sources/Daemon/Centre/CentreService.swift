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
    private let store: any CentreShelf
    private let reloader: Reloader
    private let watchdog: Watchdog
    private let clock: any DaemonClock
    private let logger: Logger
    private let board: CentreBoard
    /// Its accepted state is the last one that was taken from the centre, also while another one is pinned.
    private var judge: CentreJudge
    private var brake: CentreBrake
    /// In force; nil while only the configuration file is.
    private var inForce: CentreState?
    /// Finished by an order: it ends the wait for the next change of the centre.
    private var wake: AsyncStream<Void>.Continuation?
    private var isChanging = false
    private var turns: [CheckedContinuation<Void, Never>] = []
    private var report: CentreReport
    private let seed: UInt64
    /// Of the last refusal that was journalled: the digest and the reasons.
    private var knownRefusal: (digest: String, reasons: String)?

    init(
        centre: any Centre, start: CentreStart.Outcome, store: any CentreShelf, reloader: Reloader, watchdog: Watchdog,
        clock: any DaemonClock, logger: Logger, board: CentreBoard, seed: UInt64
    ) {
        self.centre = centre
        self.store = store
        self.reloader = reloader
        self.watchdog = watchdog
        self.clock = clock
        self.logger = logger
        self.board = board
        judge = CentreJudge(label: centre.label, needsManifest: centre.needsManifest, accepted: start.followed)
        self.seed = seed
        (brake, inForce) = (start.brake, start.state)
        report = CentreReport(label: centre.label)
        report.isFromDisk = start.state != nil && (start.problem != nil || start.brake.isSet)
        (report.problem, report.brake) = (start.problem, start.brake)
        if let state = start.state { Self.show(state, in: &report) }
        if start.problem == nil, !start.brake.isSet { report.lastReadWallMs = clock.wallMs }
        if let record = start.record, record.outcome == .refused {
            knownRefusal = (record.digest, record.problems.joined(separator: "\n"))
        }
        board.show(report)
    }

    /// Until the task is cancelled.
    func run() async {
        var pause = RetryPause(minMs: Self.firstRetryMs, maxMs: Self.retryLimitMs)
        while !Task.isCancelled {
            guard brake.detachment == nil else {
                await waiting { [clock] in try? await clock.sleep(ms: Self.retryLimitMs) }
                continue
            }
            do throws(SourceError) {
                let reading = try await centre.read()
                pause.reset()
                // An order may have come while the centre was read.
                guard brake.detachment == nil else { continue }
                let isComplete = await take(reading)
                await waiting { [clock, centre] in
                    if isComplete {
                        try? await centre.waitForChange(after: reading)
                    } else {
                        try? await clock.sleep(ms: Self.waitingMs)
                    }
                }
            } catch {
                if Task.isCancelled { return }
                note(problem: "it cannot be read: \(error.reason)")
                do throws(CancellationError) { try await clock.sleep(ms: pause.next(seed: seed)) } catch { return }
            }
        }
    }

    /// Until the body ends, an order comes, or the service ends. The body is cancelled then.
    private func waiting(_ body: @escaping @Sendable () async -> Void) async {
        let (orders, continuation) = AsyncStream.makeStream(of: Void.self)
        wake = continuation
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await body() }
            group.addTask { for await _ in orders {} }
            await group.next()
            group.cancelAll()
        }
        wake = nil
    }

    /// - Returns: false when the next reading should come soon.
    private func take(_ reading: CentreReading) async -> Bool {
        let verdict = judge.judge(reading, at: clock.now.uptimeMs)
        if brake.pin != nil { return hold(reading, verdict) }
        report.heldRevision = nil
        switch verdict {
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
        case .candidate(let state): return await take(state)
        }
    }

    /// Something else is pinned: the reading only shows what that keeps out.
    private func hold(_ reading: CentreReading, _ verdict: CentreVerdict) -> Bool {
        let digest: String?
        switch verdict {
        case .same: digest = judge.accepted?.digest
        case .candidate(let state): digest = state.digest
        case .waiting, .refused: digest = nil
        }
        report.heldRevision = digest == inForce?.digest ? nil : reading.revision
        report.isFromDisk = false
        confirmed(problem: nil)
        return true
    }

    private func take(_ state: CentreState) async -> Bool {
        await takeTurn()
        defer { endTurn() }
        // An order that came before this turn counts more.
        guard !brake.isSet else { return false }
        let known = knownRefusal?.digest == state.digest ? knownRefusal?.reasons : nil
        let isForced = state.manifest?.isForced == true
        switch await reloader.reload(taking: state, isForced: isForced, knownReasons: known) {
        case .applied(let changes):
            let record = ConfigurationRecord(
                outcome: .applied, state: state, files: state.differences(from: judge.accepted), changes: changes)
            judge.accept(state)
            inForce = state
            knownRefusal = nil
            report.isFromDisk = false
            Self.show(state, in: &report)
            confirmed(problem: nil)
            if let problem = store.save(state, wallMs: clock.wallMs) { logger.error("\(problem)") }
            await watchdog.send(.configured(record))
        case .refused(let reasons): await refuse(state, reasons)
        case .notYet(let reason):
            confirmed(problem: "revision \(state.revision) is not in force yet: \(reason)")
            return false
        }
        return true
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

    // MARK: Orders

    /// What an operator of this host orders against the centre, or in favour of it again.
    func take(_ order: CentreOrder, by: String, reason: String) async -> CommandResult {
        await takeTurn()
        defer { endTurn() }
        let from = CentreBrake.Order(by: by, reason: reason, sinceWallMs: clock.wallMs)
        switch order {
        case .use(let name, let isForced): return await pin(name, isForced: isForced, from)
        case .unpin(let isForced): return await unpin(isForced: isForced, from)
        case .detach:
            guard brake.detachment == nil else { return .refused(text: "the centre is not read already") }
            brake.detachment = from
        case .attach:
            guard brake.detachment != nil else { return .refused(text: "the centre is read already") }
            brake.detachment = nil
        }
        report.problem = nil
        return await obeyed(order, from)
    }

    /// Changes of what is in force come one after the other: a change of the centre must not replace what was pinned meanwhile.
    private func takeTurn() async {
        guard isChanging else {
            isChanging = true
            return
        }
        await withCheckedContinuation { turns.append($0) }
    }

    private func endTurn() {
        if turns.isEmpty { isChanging = false } else { turns.removeFirst().resume() }
    }

    private func pin(_ name: String, isForced: Bool, _ from: CentreBrake.Order) async -> CommandResult {
        let state: CentreState
        do throws(CentreReference.Unknown) {
            let states = store.history().map(\.state).filter { $0.label == centre.label }
            state = try CentreReference.find(name, in: states)
        } catch { return .notFound(text: error.reason) }
        switch await reloader.reload(taking: state, isForced: isForced) {
        case .refused(let reasons): return .refused(text: reasons.joined(separator: "\n"))
        case .notYet(let reason): return .refused(text: "\(reason); try again in a moment")
        case .applied(let changes):
            (brake.pin, inForce) = (from, state)
            return await obeyed(.use(state: name, isForced: isForced), from, changes: changes)
        }
    }

    private func unpin(isForced: Bool, _ from: CentreBrake.Order) async -> CommandResult {
        guard brake.pin != nil else { return .refused(text: "no state is pinned") }
        var changes = ""
        if let followed = judge.accepted {
            switch await reloader.reload(taking: followed, isForced: isForced) {
            case .refused(let reasons): return .refused(text: reasons.joined(separator: "\n"))
            case .notYet(let reason): return .refused(text: "\(reason); try again in a moment")
            case .applied(let text): changes = text
            }
            inForce = followed
        }
        brake.pin = nil
        return await obeyed(.unpin(isForced: isForced), from, changes: changes)
    }

    /// Keeps the order on the disk, shows and journals it.
    private func obeyed(_ order: CentreOrder, _ from: CentreBrake.Order, changes: String = "") async -> CommandResult {
        let problem = store.save(brake, pinned: brake.pin == nil ? nil : inForce)
        if let problem { logger.error("\(problem)") }
        (report.brake, report.heldRevision) = (brake, nil)
        if let inForce {
            Self.show(inForce, in: &report)
            var record = ConfigurationRecord(outcome: .applied, state: inForce, files: [], changes: changes)
            (record.order, record.ordered) = (order.name, from)
            await watchdog.send(.configured(record))
        }
        board.show(report)
        wake?.finish()
        let text = "\(order.name): \(report.text)" + (changes.isEmpty ? "" : "; \(changes)")
        logger.warning("configuration centre, \(from.text): \(text)")
        let remark = problem.map { "; a restart would not know of it: \($0)" } ?? ""
        return .accepted(text: text + remark, incident: nil)
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
