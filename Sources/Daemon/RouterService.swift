import Kernel
import Logging
import Model
import Ports
import Synchronization

/// Makes the kernel's router calls, each in a task of its own, so that a router that hangs delays no other.
final class RouterService: Sendable {
    enum Call: Sendable {
        case apply(release: String, call: Int, split: Split, timeoutMs: Int64, via: CallDestination)
        case observe(release: String, call: Int, timeoutMs: Int64, via: CallDestination)
        case show(release: String, split: Split)
        /// The route for test users; answered as a change of the split is.
        case force(release: String, call: Int, isOpen: Bool, timeoutMs: Int64)
    }

    /// A call with the driver that was right when it was asked for.
    private struct Job: Sendable {
        let call: Call
        let driver: any RouterDriver
        let askedUptimeMs: Int64
    }

    /// The kernel has at most two calls in flight per release.
    private static let queueLimit = 10_000

    private struct State {
        var drivers: [String: AimedDriver]
        /// Of the releases whose roles are turned.
        var turned: Set<String> = []
    }

    private let state: Mutex<State>
    private let clock: (any DaemonClock)?
    private let logger: Logger
    private let meter: KernelMeter
    private let stream: AsyncStream<Job>
    private let continuation: AsyncStream<Job>.Continuation

    /// - Parameter clock: drops calls whose time was over before they could be made; nil makes them all.
    init(drivers: [String: AimedDriver], logger: Logger, meter: KernelMeter, clock: (any DaemonClock)? = nil) {
        self.clock = clock
        state = Mutex(State(drivers: drivers))
        self.logger = logger
        self.meter = meter
        (stream, continuation) = AsyncStream.makeStream(bufferingPolicy: .bufferingOldest(RouterService.queueLimit))
    }

    /// A reload's drivers; calls in flight end with the old ones. A release that stays keeps its aim.
    func replace(_ next: [String: AimedDriver]) {
        state.withLock { state in
            state.drivers = next
            state.turned.formIntersection(next.keys)
        }
    }

    /// Whether the roles of the release's places are turned: for every call that is enqueued from now on. A release begins
    /// with the roles of its configuration.
    func aim(release: String, isTurned: Bool) {
        state.withLock { state in
            if isTurned { state.turned.insert(release) } else { state.turned.remove(release) }
        }
    }

    /// A full queue drops the call; the kernel notices by its own deadline and asks again.
    func enqueue(_ call: Call) {
        guard let driver = driver(for: call) else { return }
        continuation.yield(Job(call: call, driver: driver, askedUptimeMs: clock?.now.uptimeMs ?? 0))
    }

    func run(watchdog: Watchdog) async {
        await withDiscardingTaskGroup { group in
            for await job in stream where !isTooLate(job) {
                group.addTask { await self.make(job.call, job.driver, watchdog) }
            }
        }
    }

    /// A process that was stopped must not give the canary a share that was right before: another replica may lead now. The
    /// kernel notices by its own deadline. A call that takes everything out is always made.
    private func isTooLate(_ job: Job) -> Bool {
        guard let clock, case .apply(let release, _, let split, let timeoutMs, _) = job.call,
            split.canaryBasisPoints > 0, clock.now.uptimeMs - job.askedUptimeMs > timeoutMs
        else { return false }
        logger.warning("\(release): a call that is too late was not made: \(split.canaryBasisPoints) basis points")
        return true
    }

    private func make(_ call: Call, _ driver: any RouterDriver, _ watchdog: Watchdog) async {
        switch call {
        case .apply(let release, let number, let split, let timeoutMs, _):
            await apply(driver, release, number, split, timeoutMs, watchdog)
        case .observe(let release, let number, let timeoutMs, _):
            await observe(driver, release, number, timeoutMs, watchdog)
        case .show(let release, let split): show(driver, release, split)
        case .force(let release, let number, let isOpen, let timeoutMs):
            await force(driver, release, number, isOpen, timeoutMs, watchdog)
        }
    }

    private func apply(
        _ driver: any RouterDriver, _ release: String, _ number: Int, _ split: Split, _ timeoutMs: Int64,
        _ watchdog: Watchdog
    ) async {
        let (receipts, seconds) = await meter.timed { await driver.apply(split, timeoutMs: timeoutMs) }
        let isTaken = receipts.allSatisfy { $0.outcome == .accepted }
        meter.routerCalled(release: release, call: "apply", outcome: isTaken ? "accepted" : "failed", seconds: seconds)
        await watchdog.send(.routerApplied(release: release, call: number, receipts: receipts))
    }

    private func observe(
        _ driver: any RouterDriver, _ release: String, _ number: Int, _ timeoutMs: Int64, _ watchdog: Watchdog
    ) async {
        let (observations, seconds) = await meter.timed { await driver.observe(timeoutMs: timeoutMs) }
        let isRead = observations.allSatisfy { $0.canaryBasisPoints != nil }
        meter.routerCalled(release: release, call: "observe", outcome: isRead ? "read" : "unread", seconds: seconds)
        await watchdog.send(.routerObserved(release: release, call: number, observations: observations))
    }

    private func force(
        _ driver: any RouterDriver, _ release: String, _ number: Int, _ isOpen: Bool, _ timeoutMs: Int64,
        _ watchdog: Watchdog
    ) async {
        let receipts = await driver.setForced(isOpen: isOpen, timeoutMs: timeoutMs)
        for receipt in receipts where receipt.outcome != .accepted {
            logger.warning(
                "\(release): the route of test users was not \(isOpen ? "opened" : "closed") on \(receipt.instance): \(receipt.detail)"
            )
        }
        await watchdog.send(.routerApplied(release: release, call: number, receipts: receipts))
    }

    private func show(_ driver: any RouterDriver, _ release: String, _ split: Split) {
        for planned in driver.plan(split) {
            logger.warning("\(release): dry run: would call \(planned.instance): \(planned.call)")
        }
    }

    private func driver(for call: Call) -> (any RouterDriver)? {
        let (release, via) =
            switch call {
            case .apply(let release, _, _, _, let via), .observe(let release, _, _, let via): (release, via)
            case .show(let release, _), .force(let release, _, _, _): (release, CallDestination.primary)
            }
        let driver = state.withLock { $0.drivers[release]?[$0.turned.contains(release) ? .turned : .direct] }
        guard via == .fallback, let pair = driver as? FallbackPair else { return driver }
        return pair.both
    }
}
