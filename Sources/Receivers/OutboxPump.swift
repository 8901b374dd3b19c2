public import ReleaseKernel

/// Brings what is in the outbox to the receivers: at least once, in order, and each receiver for itself, so that a dead
/// one holds up nobody.
public actor OutboxPump {
    /// Deliveries looked at in one go.
    private static let batchLimit = 500
    private static let longestSleepMs: Int64 = 30_000
    private static let unwritablePauseMs: Int64 = 5_000

    private let journal: any Journal
    private let wallClock: @Sendable () -> Int64
    private let bell = Bell()
    private var receivers: [String: any Receiver] = [:]
    private var policies: [String: DeliveryPolicy] = [:]
    /// Receivers that are being delivered to now.
    private var busy: Set<String> = []
    /// After a failure a receiver is left alone until then, wall clock.
    private var pausedUntilMs: [String: Int64] = [:]
    private var generator: SeededGenerator

    /// - Parameters:
    ///   - wallClock: milliseconds since the epoch.
    ///   - seed: for the jitter of the pauses.
    public init(
        journal: any Journal, receivers: [any Receiver], plans: [ReceiverPlan],
        wallClock: @escaping @Sendable () -> Int64, seed: UInt64
    ) {
        self.journal = journal
        self.wallClock = wallClock
        generator = SeededGenerator(seed: seed)
        self.receivers = Dictionary(receivers.map { ($0.name, $0) }, uniquingKeysWith: { $1 })
        policies = Dictionary(plans.map { ($0.name, DeliveryPolicy(plan: $0)) }, uniquingKeysWith: { $1 })
    }

    /// There may be something new in the outbox.
    public nonisolated func nudge() { bell.ring() }

    /// Takes up a new configuration. What is waiting for a receiver that is gone becomes a dead letter.
    public func update(receivers: [any Receiver], plans: [ReceiverPlan]) {
        self.receivers = Dictionary(receivers.map { ($0.name, $0) }, uniquingKeysWith: { $1 })
        policies = Dictionary(plans.map { ($0.name, DeliveryPolicy(plan: $0)) }, uniquingKeysWith: { $1 })
        pausedUntilMs = [:]
        bell.ring()
    }

    /// Delivers until it is cancelled.
    public func run() async {
        await withDiscardingTaskGroup { group in
            while !Task.isCancelled {
                let now = wallClock()
                let due = await dueByReceiver(nowWallMs: now)
                for (name, deliveries) in due where isFree(name, nowWallMs: now) {
                    busy.insert(name)
                    group.addTask {
                        await self.deliver(deliveries, to: name)
                        await self.done(name)
                    }
                }
                await bell.wait(ms: await sleepMs(isAnythingDue: !due.isEmpty))
            }
        }
    }

    private func isFree(_ name: String, nowWallMs: Int64) -> Bool {
        !busy.contains(name) && (pausedUntilMs[name] ?? 0) <= nowWallMs
    }

    private func done(_ name: String) {
        busy.remove(name)
        bell.ring()
    }

    /// In the order of the outbox, but what failed before comes last: one bad delivery must not block the others.
    private func dueByReceiver(nowWallMs: Int64) async -> [(name: String, deliveries: [Delivery])] {
        let due = (try? await journal.dueDeliveries(nowWallMs: nowWallMs, limit: Self.batchLimit)) ?? []
        var order: [String] = []
        var byReceiver: [String: [Delivery]] = [:]
        for delivery in due {
            if byReceiver[delivery.receiver] == nil { order.append(delivery.receiver) }
            byReceiver[delivery.receiver, default: []].append(delivery)
        }
        return order.map { name in
            let deliveries = byReceiver[name] ?? []
            return (name, deliveries.filter { $0.attempt == 1 } + deliveries.filter { $0.attempt > 1 })
        }
    }

    /// Until the next thing is due. While something is due that cannot go now, until its receiver's pause ends.
    private func sleepMs(isAnythingDue: Bool) async -> Int64 {
        let now = wallClock()
        var wake = now + Self.longestSleepMs
        if isAnythingDue {
            for until in pausedUntilMs.values where until > now { wake = min(wake, until) }
        } else if let next = try? await journal.nextDeliveryDueWallMs() {
            wake = min(wake, next)
        }
        return max(20, wake - now)
    }

    private func deliver(_ deliveries: [Delivery], to name: String) async {
        for delivery in deliveries {
            guard !Task.isCancelled, await deliverOne(delivery, to: name) else { return }
        }
    }

    /// False when the receiver is to be left alone for a while.
    private func deliverOne(_ delivery: Delivery, to name: String) async -> Bool {
        guard let receiver = receivers[name], let policy = policies[name] else {
            return await settleDead(delivery, reason: "the receiver \(name) is not in the configuration any more")
        }
        switch await receiver.deliver(delivery) {
        case .delivered:
            return await settle(delivery) { journal, now in
                try await journal.markDelivered(delivery.id, atWallMs: now)
            }
        case .refused(let reason): return await settleDead(delivery, reason: reason)
        case .retry(let reason, let wishMs):
            // Only after a try: the daemon may have been down for days, or the clock may have jumped.
            if policy.isOverdue(delivery, nowWallMs: wallClock()) {
                let seconds = policy.plan.giveUpAfterMs / 1_000
                return await settleDead(delivery, reason: "it could not be delivered for \(seconds) s: \(reason)")
            }
            let pause = policy.pauseMs(
                afterAttempt: delivery.attempt, wishMs: wishMs, draw: Double(generator.next() >> 11) / 0x1p53)
            return await postpone(delivery, reason: reason, untilWallMs: wallClock() + pause)
        }
    }

    private func postpone(_ delivery: Delivery, reason: String, untilWallMs: Int64) async -> Bool {
        pausedUntilMs[delivery.receiver] = untilWallMs
        try? await journal.markRetry(delivery.id, reason: reason, nextTryWallMs: untilWallMs)
        return false
    }

    private func settleDead(_ delivery: Delivery, reason: String) async -> Bool {
        await settle(delivery) { journal, now in
            try await journal.markDead(delivery.id, reason: reason, atWallMs: now)
        }
    }

    /// A journal that cannot be written leaves the delivery waiting: it goes out again, with the same id, but not at once.
    private func settle(
        _ delivery: Delivery, _ note: (any Journal, Int64) async throws -> Void
    ) async -> Bool {
        do {
            try await note(journal, wallClock())
            return true
        } catch {
            pausedUntilMs[delivery.receiver] = wallClock() + Self.unwritablePauseMs
            return false
        }
    }
}
