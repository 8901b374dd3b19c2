import Centres
import Logging
import Model
import Ports
import SourceCalls
import Support

/// Follows the shares that a configuration centre holds for releases with `share_from: centre`: hands each to the kernel, which
/// decides, and writes 0 to the centre when a rollback has taken out what the centre had ordered.
///
/// No rollback waits for any of this: the kernel is asked how far it is, and calls the router by itself.
actor SharePolicyService {
    /// How often the kernel is asked how far it is; a change of the centre is handed over at once.
    private static let everyMs: Int64 = 500
    private static let retryMs: (least: Int64, most: Int64) = (500, 15_000)

    private let centre: @Sendable (String) -> (any Centre)?
    private let label: String
    private let store: CentreStore?
    private let watchdog: Watchdog
    private let clock: any DaemonClock
    private let logger: Logger
    private let seed: UInt64
    private let isDetached: @Sendable () -> Bool
    /// By release.
    private var followers: [String: (centre: any Centre, task: Task<Void, Never>)] = [:]
    /// What the centre last said, by release.
    private var read: [String: ShareReading] = [:]
    /// Why the centre gives no value, by release; each is logged once.
    private var problems: [String: String] = [:]
    private var hadStrategy: Set<String> = []
    /// The last order and how far it came, by release; of the disk at first.
    private var kept: [String: KeptShare]
    /// The disk does not have them as they are; why not was logged.
    private var isUnsaved = false
    private var saveProblem: String?
    private var returns: [String: ShareReturn] = [:]

    init(
        centre: @escaping @Sendable (String) -> (any Centre)?, label: String, store: CentreStore?, watchdog: Watchdog,
        clock: any DaemonClock, logger: Logger, seed: UInt64, isDetached: @escaping @Sendable () -> Bool
    ) {
        self.centre = centre
        self.label = label
        self.store = store
        self.watchdog = watchdog
        self.clock = clock
        self.logger = logger
        self.seed = seed
        self.isDetached = isDetached
        kept = store?.shares(of: label) ?? [:]
    }

    /// Until the task is cancelled.
    func run() async throws {
        defer { for follower in followers.values { follower.task.cancel() } }
        while true {
            let reports = await watchdog.centreShares()
            follow(Set(reports.map(\.release)))
            for report in reports { await settle(report) }
            if isUnsaved { save() }
            try await clock.sleep(ms: Self.everyMs)
        }
    }

    /// One watch per release.
    private func follow(_ names: Set<String>) {
        for (name, follower) in followers where !names.contains(name) {
            follower.task.cancel()
            (followers[name], read[name], returns[name]) = (nil, nil, nil)
        }
        for name in names.sorted() where followers[name] == nil {
            guard let centre = centre(name) else { continue }
            followers[name] = (centre, clock.start { [weak self] in await self?.follow(centre, name) })
        }
    }

    private func follow(_ centre: any Centre, _ name: String) async {
        var pause = RetryPause(minMs: Self.retryMs.least, maxMs: Self.retryMs.most)
        while !Task.isCancelled {
            do {
                guard !isDetached() else {
                    try await clock.sleep(ms: Self.everyMs)
                    continue
                }
                let reading = try await centre.read()
                pause.reset()
                await take(reading, centre.label, name)
                try await centre.waitForChange(after: reading)
            } catch {
                if Task.isCancelled { return }
                let reason = (error as? SourceError)?.reason ?? "\(error)"
                await take(.problem("\(centre.label) cannot be read: \(reason); the share stays as it is"), name)
                do { try await clock.sleep(ms: pause.next(seed: seed)) } catch { return }
            }
        }
    }

    private func take(_ reading: CentreReading, _ label: String, _ name: String) async {
        guard !isDetached() else { return }
        let policy = SharePolicy(reading, label: label, memory: { memory(of: $0, name) })
        if policy.hasStrategy, hadStrategy.insert(name).inserted {
            logger.warning(
                """
                \(name): the strategy in \(label) is refused: only a gray router that follows the centre itself \
                chooses who gets the canary; remove the key
                """)
        }
        if !policy.hasStrategy { hadStrategy.remove(name) }
        await take(policy.reading, name)
    }

    /// What was taken before this process is known from the disk; after that every other value is an order.
    private func memory(of order: ShareOrder, _ name: String) -> ShareOrder.Memory {
        kept[name]?.memory(of: order) ?? (read[name] == nil ? .nothing : .other)
    }

    private func take(_ next: ShareReading, _ name: String) async {
        guard followers[name] != nil else { return }
        switch next {
        case .problem(let text):
            if problems[name] != text, let text { logger.warning("\(name): \(text)") }
            problems[name] = text
        case .order(let order):
            if let refusal = keep(order, name) { return await take(.problem(refusal), name) }
            if problems.removeValue(forKey: name) != nil {
                logger.info("\(name): the centre's share is followed again")
            }
            if case .order(let known)? = read[name], order.isSame(as: known) {
                return await watchdog.send(.shareRead(release: name, .problem(nil)))
            }
            return await handOver(order, name)
        case .detached: break
        }
        await watchdog.send(.shareRead(release: name, next))
    }

    /// - Returns: why it is no order.
    private func keep(_ order: ShareOrder, _ name: String) -> String? {
        guard var known = kept[name] else {
            kept[name] = KeptShare(order)
            isUnsaved = true
            return nil
        }
        guard !known.order.isSame(as: order) else { return nil }
        let refusal = known.take(order)
        isUnsaved = isUnsaved || known != kept[name]
        kept[name] = known
        return refusal
    }

    /// That it is known is on the disk before a call can raise the share; one that falls waits for no disk.
    private func handOver(_ order: ShareOrder, _ name: String) async {
        var before = 0
        if case .order(let known)? = read[name] { before = known.basisPoints }
        read[name] = .order(order)
        if order.basisPoints > before, isUnsaved { save() }
        await watchdog.send(.shareRead(release: name, .order(order)))
        if isUnsaved { save() }
    }

    /// What cannot be kept is tried again with each turn.
    private func save() {
        let problem = store?.save(kept, of: label)
        if let problem, problem != saveProblem { logger.error("\(problem); it is tried again") }
        (isUnsaved, saveProblem) = (problem != nil, problem)
    }

    // MARK: How far the kernel is

    private func settle(_ report: CentreShareReport) async {
        let name = report.release
        let isDetached = isDetached()
        if report.isDetached != isDetached { await watchdog.send(.shareRead(release: name, .detached(isDetached))) }
        guard case .order(let order)? = read[name] else { return }
        // A release that a reload brought back knows nothing of it.
        guard let known = report.order, known.isSame(as: order) else {
            guard !isDetached else { return }
            var again = order
            if let known = kept[name], known.order.isSame(as: order) {
                if known.state == .seen { again.memory = .same }
                if known.state == .sent { again.memory = .sent }
            }
            return await watchdog.send(.shareRead(release: name, .order(again)))
        }
        if kept[name]?.order.isSame(as: order) == true, kept[name]?.take(report) == true { isUnsaved = true }
        guard report.wasInForce, report.isTakenOut, report.mayLead, !isDetached, order.basisPoints > 0 else { return }
        takeBack(order, name)
    }

    /// The centre agrees with the router afterwards, where it can be written. The key is replaced only if it is as it was read.
    private func takeBack(_ order: ShareOrder, _ name: String) {
        guard let centre = followers[name]?.centre, let writer = centre.writer else { return }
        var next = returns[name] ?? ShareReturn(of: order)
        if !next.order.isSame(as: order) { next = ShareReturn(of: order) }
        guard next.begin(at: clock.now.uptimeMs, seed: seed) else { return }
        returns[name] = next
        clock.start { [weak self] in
            do throws(SourceError) {
                try await writer.replace(
                    CentreFile(path: SharePolicy.shareKey, bytes: Array("0".utf8)), version: order.revision)
                await self?.tookBack(order, name, .agrees)
            } catch {
                var outcome = ShareReturn.Outcome.failed(error)
                if error.status == 409, let reading = try? await centre.read() {
                    outcome = ShareReturn.Outcome(order, reading, error)
                }
                await self?.tookBack(order, name, outcome)
            }
        }
    }

    private func tookBack(_ order: ShareOrder, _ name: String, _ outcome: ShareReturn.Outcome) async {
        guard var attempt = returns[name], attempt.order.isSame(as: order) else { return }
        attempt.end(outcome)
        returns[name] = attempt
        let key = "\(order.source)\(SharePolicy.shareKey)"
        let error: SourceError
        switch outcome {
        case .agrees:
            let change = "\(name): share \(order.shareText) -> 0 % in the centre, after the rollback"
            logger.info("\(change): \(key)")
            return await watchdog.send(
                .configured(ConfigurationRecord(outcome: .applied, order: order, changes: change)))
        case .isLater: return logger.info("\(name): 0 % was not written to \(key): a later value stays")
        case .failed(let reason): error = reason
        }
        guard attempt.isOver else { return logger.warning("\(name): 0 % was not written to \(key): \(error.reason)") }
        logger.error(
            "\(name): 0 % was not written to \(key), and is not tried again: \(error.reason); write it there by hand")
    }
}

/// The tries to write 0 to the centre after a rollback.
struct ShareReturn {
    static let limit = 60

    enum Outcome {
        /// The key holds 0.
        case agrees
        /// The key was changed meanwhile: that is a later decision, and stays.
        case isLater
        case failed(SourceError)
    }

    let order: ShareOrder
    private(set) var isOver = false
    private var isUnderWay = false
    private var tries = 0
    private var nextUptimeMs: Int64 = 0
    private var pause = RetryPause(minMs: 1_000, maxMs: 60_000)

    init(of order: ShareOrder) { self.order = order }

    /// - Returns: whether a try begins now.
    mutating func begin(at now: Int64, seed: UInt64) -> Bool {
        guard !isOver, !isUnderWay, now >= nextUptimeMs else { return false }
        (isUnderWay, tries) = (true, tries + 1)
        nextUptimeMs = now + pause.next(seed: seed)
        return true
    }

    mutating func end(_ outcome: Outcome) {
        isUnderWay = false
        if case .failed = outcome { isOver = tries >= Self.limit } else { isOver = true }
    }
}

extension ShareReturn.Outcome {
    /// What the centre holds after it has refused the change: the answer to a try before may have been lost.
    init(_ order: ShareOrder, _ reading: CentreReading, _ error: SourceError) {
        let file = reading.files.first { $0.path == SharePolicy.shareKey }
        if file.flatMap({ SharePolicy.basisPoints($0.bytes) }) == 0 {
            self = .agrees
        } else if file != nil, reading.version(of: SharePolicy.shareKey) == order.revision {
            self = .failed(error)
        } else {
            self = .isLater
        }
    }
}
