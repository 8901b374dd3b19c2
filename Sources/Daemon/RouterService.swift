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
    }

    /// The kernel has at most two calls in flight per release.
    private static let queueLimit = 10_000

    private let drivers: Mutex<[String: any RouterDriver]>
    private let logger: Logger
    private let meter: KernelMeter
    private let stream: AsyncStream<Call>
    private let continuation: AsyncStream<Call>.Continuation

    init(drivers: [String: any RouterDriver], logger: Logger, meter: KernelMeter) {
        self.drivers = Mutex(drivers)
        self.logger = logger
        self.meter = meter
        (stream, continuation) = AsyncStream.makeStream(bufferingPolicy: .bufferingOldest(RouterService.queueLimit))
    }

    /// A reload's drivers; calls in flight end with the old ones.
    func replace(_ next: [String: any RouterDriver]) { drivers.withLock { $0 = next } }

    /// A full queue drops the call; the kernel notices by its own deadline and asks again.
    func enqueue(_ call: Call) { continuation.yield(call) }

    func run(watchdog: Watchdog) async {
        await withDiscardingTaskGroup { group in
            for await call in stream { group.addTask { await self.make(call, watchdog: watchdog) } }
        }
    }

    private func make(_ call: Call, watchdog: Watchdog) async {
        switch call {
        case .apply(let release, let number, let split, let timeoutMs, let via):
            await apply(driver(release, via), release, number, split, timeoutMs, watchdog)
        case .observe(let release, let number, let timeoutMs, let via):
            await observe(driver(release, via), release, number, timeoutMs, watchdog)
        case .show(let release, let split): show(release, split)
        }
    }

    private func apply(
        _ driver: (any RouterDriver)?, _ release: String, _ number: Int, _ split: Split, _ timeoutMs: Int64,
        _ watchdog: Watchdog
    ) async {
        guard let driver else { return }
        let (receipts, seconds) = await meter.timed { await driver.apply(split, timeoutMs: timeoutMs) }
        let isTaken = receipts.allSatisfy { $0.outcome == .accepted }
        meter.routerCalled(release: release, call: "apply", outcome: isTaken ? "accepted" : "failed", seconds: seconds)
        await watchdog.send(.routerApplied(release: release, call: number, receipts: receipts))
    }

    private func observe(
        _ driver: (any RouterDriver)?, _ release: String, _ number: Int, _ timeoutMs: Int64, _ watchdog: Watchdog
    ) async {
        guard let driver else { return }
        let (observations, seconds) = await meter.timed { await driver.observe(timeoutMs: timeoutMs) }
        let isRead = observations.allSatisfy { $0.canaryBasisPoints != nil }
        meter.routerCalled(release: release, call: "observe", outcome: isRead ? "read" : "unread", seconds: seconds)
        await watchdog.send(.routerObserved(release: release, call: number, observations: observations))
    }

    private func show(_ release: String, _ split: Split) {
        guard let driver = driver(release, .primary) else { return }
        for planned in driver.plan(split) {
            logger.warning("\(release): dry run: would call \(planned.instance): \(planned.call)")
        }
    }

    private func driver(_ release: String, _ via: CallDestination) -> (any RouterDriver)? {
        let driver = drivers.withLock { $0[release] }
        guard via == .fallback, let pair = driver as? FallbackPair else { return driver }
        return pair.both
    }
}
