package import Model
package import Ports
import Support
import Synchronization

/// Brings what is in the outbox to the receivers, at least once.
///
/// Each receiver has a lane of its own: its deliveries go out strictly in their order, one at a time, and a delivery that
/// fails is tried again before the next one. Nothing in one lane delays another. Pauses use the monotonic clock.
/// A receiver with `group_wait` may get the same event of several releases as one message: ``DeliveryGroup``.
package actor OutboxPump {
    private static let longestSleepMs: Int64 = 30_000
    private static let unwritablePauseMs: Int64 = 5_000
    /// Until it is asked again whether a delivery is this replica's.
    private static let heldPauseMs: Int64 = 500

    private let outbox: any Outbox
    private let clock: any DaemonClock
    private let standing: @Sendable () async -> [Notification]
    private let shown: @Sendable (String) -> String
    private let trouble: @Sendable (DeliveryTrouble) async -> Void
    private let log: @Sendable (LogLine) -> Void
    private let rights: DeliveryRights?
    private let idle: InterruptibleSleep
    private var lanes: [String: ReceiverLane] = [:]
    /// Receivers that are not in the configuration any more, while their queues are being given up.
    private var closing: Set<String> = []
    private var unreadableUntilUptimeMs: Int64?
    private var jumps = ClockJumps()
    private var generator: SeededGenerator
    /// Counts what may be new in the outbox: a lane that waits for others reads its queue again.
    private let nudges = Atomic<UInt64>(0)

    /// - Parameters:
    ///   - log: takes lines about receivers that fail and about dead letters, few enough for any log.
    ///   - seed: for the jitter of the pauses.
    ///   - standing: ``Kernel/standingAlerts(at:)``, for receivers that need them repeatedly.
    ///   - rights: of a daemon that has replicas; nil for one alone.
    ///   - shown: makes a receiver's answer fit to be logged, stored and shown.
    ///   - trouble: takes what a receiver does not take before that becomes a dead letter, and which receivers are gone. After
    ///     a crash the same may come again.
    package init(
        outbox: any Outbox, receivers: [any Receiver], plans: [ReceiverPlan],
        clock: any DaemonClock, seed: UInt64,
        standing: @escaping @Sendable () async -> [Notification] = { [] },
        shown: @escaping @Sendable (String) -> String = { ForeignText.line($0) },
        rights: DeliveryRights? = nil,
        trouble: @escaping @Sendable (DeliveryTrouble) async -> Void = { _ in },
        log: @escaping @Sendable (LogLine) -> Void = { _ in }
    ) {
        self.outbox = outbox
        self.rights = rights
        self.clock = clock
        idle = InterruptibleSleep(clock: clock)
        self.standing = standing
        self.shown = shown
        self.trouble = trouble
        self.log = log
        generator = SeededGenerator(seed: seed)
        lanes = Self.lanes(receivers, plans)
    }

    private static func lanes(_ receivers: [any Receiver], _ plans: [ReceiverPlan]) -> [String: ReceiverLane] {
        var lanes: [String: ReceiverLane] = [:]
        for receiver in receivers {
            guard let plan = plans.first(where: { $0.name == receiver.name }) else { continue }
            lanes[receiver.name] = ReceiverLane(receiver: receiver, plan: plan)
        }
        return lanes
    }

    /// There may be something new in the outbox.
    package nonisolated func nudge() {
        nudges.wrappingAdd(1, ordering: .releasing)
        idle.wake()
    }

    /// Tries the named receiver at once, or all of them: what an operator asks for does not wait for a pause to end.
    package func endPause(of name: String?) {
        for known in lanes.keys.sorted() where name == nil || known == name {
            lanes[known]?.pausedUntilUptimeMs = nil
            lanes[known]?.hold = nil
        }
        idle.wake()
    }

    /// Takes up a new configuration. What is waiting for a receiver that is not in it any more becomes a dead letter. A receiver
    /// that is gone may have been repaired: it counts as gone again when the next try fails.
    package func update(receivers: [any Receiver], plans: [ReceiverPlan]) async {
        var next = Self.lanes(receivers, plans)
        for (name, lane) in next {
            guard var kept = lanes[name] else { continue }
            kept.adopt(lane.receiver, plan: lane.policy.plan)
            next[name] = kept
        }
        let gone = lanes.filter(\.value.isGone).keys.sorted()
        lanes = next
        for name in gone { await trouble(.back(receiver: name)) }
        idle.wake()
    }

    /// Delivers until it is cancelled.
    package func run() async {
        await withDiscardingTaskGroup { group in
            while !Task.isCancelled {
                jumps.note(clock.now)
                for name in await namesToServe() {
                    begin(name)
                    group.addTask {
                        await self.serve(name)
                        await self.done(name)
                    }
                }
                await idle.sleep(ms: sleepMs())
            }
        }
    }

    // MARK: Which lanes move

    private func namesToServe() async -> [String] {
        let now = clock.now.uptimeMs
        if let until = unreadableUntilUptimeMs, now < until { return [] }
        unreadableUntilUptimeMs = nil
        let waiting: [String]
        do throws(JournalError) { waiting = try await outbox.receiversWaiting() } catch {
            // The daemon stops: a read that was cut short says nothing of the journal.
            guard !Task.isCancelled else { return [] }
            unreadableUntilUptimeMs = now + Self.unwritablePauseMs
            log(LogLine(.error, "notifications cannot be read from the journal: \(error)"))
            return []
        }
        let seen = nudges.load(ordering: .acquiring)
        let resending = lanes.filter { $0.value.wantsResend(atUptimeMs: now) }.map(\.key)
        return Set(waiting + resending).sorted().filter { name in
            lanes[name].map { $0.isFree(atUptimeMs: now, nudges: seen) } ?? !closing.contains(name)
        }
    }

    private func begin(_ name: String) {
        guard lanes[name] != nil else {
            closing.insert(name)
            return
        }
        lanes[name]?.isBusy = true
        lanes[name]?.hold = nil
    }

    private func done(_ name: String) {
        closing.remove(name)
        lanes[name]?.isBusy = false
        idle.wake()
    }

    /// Until the first pause ends; new entries wake the loop.
    private func sleepMs() -> Int64 {
        let now = clock.now.uptimeMs
        let idle = lanes.values.filter { !$0.isBusy }
        let pauses =
            idle.compactMap(\.pausedUntilUptimeMs) + idle.compactMap(\.resendUptimeMs)
            + idle.compactMap { $0.hold?.untilUptimeMs }
        let wake = (pauses + [unreadableUntilUptimeMs].compactMap { $0 }).filter { $0 > now }.min()
        return max(20, min(Self.longestSleepMs, (wake ?? .max) - now))
    }

    // MARK: One lane

    private func serve(_ name: String) async {
        while !Task.isCancelled {
            do throws(JournalError) {
                guard let head = try await outbox.nextDelivery(receiver: name) else { return await resend(to: name) }
                switch rights?.permit(head.delivery) ?? .send {
                case .send:
                    guard let group = try await group(head, of: name) else { return }
                    guard await deliver(head, group, to: name) else { return }
                case .hold: return pause(name, ms: Self.heldPauseMs)
                case .drop: guard try await drop(head.delivery, of: name) else { return }
                }
            } catch {
                return pause(name, ms: Self.unwritablePauseMs)
            }
        }
    }

    /// - Returns: whether it is out.
    private func drop(_ delivery: Delivery, of name: String) async throws(JournalError) -> Bool {
        if try await outbox.drop(.id(delivery.id), limit: 1, atWallMs: clock.now.wallMs) > 0 { return true }
        pause(name, ms: Self.unwritablePauseMs)
        return false
    }

    /// Only while nothing waits: what lasts is never said before what the outbox has to say.
    private func resend(to name: String) async {
        guard let lane = lanes[name], let everyMs = lane.receiver.resendMs,
            lane.wantsResend(atUptimeMs: clock.now.uptimeMs)
        else { return }
        // Another replica sends it; this one may have to later.
        guard rights?.permit(nil) ?? .send == .send else {
            lanes[name]?.resendUptimeMs = clock.now.uptimeMs + min(everyMs, Self.heldPauseMs * 10)
            return
        }
        let outcome = await lane.receiver.resend(await standing())
        let now = clock.now.uptimeMs
        switch outcome {
        case .delivered:
            lanes[name]?.resendUptimeMs = now + everyMs
            await worked(name)
        case .retry(let reason, _), .refused(let reason):
            let pauseMs = min(everyMs, lane.policy.plan.retryMaxMs)
            lanes[name]?.resendUptimeMs = now + pauseMs
            report(lanes[name]?.failed(shown(reason), pauseMs: pauseMs, atUptimeMs: now))
        }
    }

    private func pause(_ name: String, ms: Int64) {
        lanes[name]?.pausedUntilUptimeMs = clock.now.uptimeMs + ms
    }

    /// What goes out with the head; nil while the head waits for others.
    private func group(_ head: WaitingDelivery, of name: String) async throws(JournalError) -> DeliveryGroup? {
        guard let lane = lanes[name], lane.policy.plan.groupWaitMs > 0 else { return DeliveryGroup(head.delivery) }
        let seen = nudges.load(ordering: .acquiring)
        let waiting = try await waiting(from: head, of: name)
        if lane.failedGroup.first == head.delivery.id { return DeliveryGroup(waiting, ids: lane.failedGroup) }
        let now = clock.now
        jumps.note(now)
        let restMs = DeliveryGroup.restMs(waiting, waitMs: lane.policy.plan.groupWaitMs) {
            jumps.ageMs(sinceWallMs: $0.atWallMs, nowWallMs: now.wallMs)
        }
        let group = DeliveryGroup(waiting, canGroup: lane.receiver.canGroup)
        let leftMs = min(restMs, lanes[name]?.waitLeftMs(head.delivery.id, atUptimeMs: now.uptimeMs) ?? 0)
        guard leftMs > 0, group.members.count < DeliveryGroup.limit, lane.receiver.canGroup(head.delivery.notification)
        else { return group }
        lanes[name]?.hold = ReceiverLane.Hold(untilUptimeMs: now.uptimeMs + leftMs, nudges: seen)
        return nil
    }

    private func waiting(from head: WaitingDelivery, of name: String) async throws(JournalError) -> [Delivery] {
        var found = [head.delivery]
        while found.count < DeliveryGroup.lookahead,
            let next = try await outbox.nextDelivery(receiver: name, passing: Set(found.map(\.id)))
        {
            found.append(next.delivery)
        }
        return found
    }

    /// False when the receiver is to be left alone for a while.
    private func deliver(_ head: WaitingDelivery, _ group: DeliveryGroup, to name: String) async -> Bool {
        let delivery = head.delivery
        guard let lane = lanes[name] else {
            return await bury(delivery, reason: "the receiver \(name) is not in the configuration any more")
        }
        if !lane.hasStarted {
            lanes[name]?.hasStarted = true
            let restMs = lane.policy.remainingPauseMs(head, nowWallMs: clock.now.wallMs)
            if restMs > 0 {
                pause(name, ms: restMs)
                return false
            }
        }
        let outcome = await lane.receiver.deliver(group.message)
        lanes[name]?.failedGroup = []
        switch outcome {
        case .delivered:
            await worked(name)
            for member in group.members { rights?.delivered(member) }
            return await each(group) { delivery in
                await self.settle(delivery) { outbox, now in
                    try await outbox.markDelivered(delivery.id, atWallMs: now)
                }
            }
        case .refused(let reason):
            return await each(group) { await self.giveUp($0, reason: self.shown(reason)) }
        case .retry(let reason, let wishMs):
            // The same members again: a service that takes a message once must not miss one that joined later.
            if group.members.count > 1 { lanes[name]?.failedGroup = group.members.map(\.id) }
            return await postpone(head, lane.policy, shown(reason), wishMs: wishMs)
        }
    }

    /// False when one of them was false.
    private func each(_ group: DeliveryGroup, _ body: (Delivery) async -> Bool) async -> Bool {
        var isDone = true
        for member in group.members { isDone = await body(member) && isDone }
        return isDone
    }

    /// A failed try: again after a pause, unless the delivery is too old. Its age is asked for only after a try, because
    /// the daemon may have been down for days.
    private func postpone(
        _ head: WaitingDelivery, _ policy: DeliveryPolicy, _ reason: String, wishMs: Int64?
    ) async -> Bool {
        let (delivery, now) = (head.delivery, clock.now)
        jumps.note(now)
        let ageMs = jumps.ageMs(sinceWallMs: delivery.notification.atWallMs, nowWallMs: now.wallMs)
        if policy.isOverdue(ageMs: ageMs) {
            let seconds = policy.plan.giveUpAfterMs / 1_000
            return await giveUp(delivery, reason: "it could not be delivered for \(seconds) s: \(reason)")
        }
        let pauseMs = policy.pauseMs(
            afterAttempt: delivery.attempt, wishMs: wishMs, draw: Double(generator.next() >> 11) / 0x1p53)
        pause(delivery.receiver, ms: pauseMs)
        report(lanes[delivery.receiver]?.failed(reason, pauseMs: pauseMs, atUptimeMs: now.uptimeMs))
        try? await outbox.markRetry(delivery.id, reason: reason, nextTryWallMs: now.wallMs + pauseMs)
        if lanes[delivery.receiver]?.becomesGone(wishMs: wishMs, atUptimeMs: now.uptimeMs) == true {
            await reportGone(head, reason)
        }
        return false
    }

    /// The receiver is gone, and what waits for it, as far as one message could hold it.
    private func reportGone(_ head: WaitingDelivery, _ reason: String) async {
        let undelivered = Undelivered(receiver: head.delivery.receiver, reason: reason)
        await trouble(.gone(undelivered))
        for delivery in (try? await waiting(from: head, of: undelivered.receiver)) ?? [head.delivery] {
            await trouble(.undelivered(delivery.notification, undelivered))
        }
    }

    private func worked(_ name: String) async {
        if lanes[name]?.isGone == true { await trouble(.back(receiver: name)) }
        report(lanes[name]?.worked(atUptimeMs: clock.now.uptimeMs))
    }

    private func giveUp(_ delivery: Delivery, reason: String) async -> Bool {
        let undelivered = Undelivered(receiver: delivery.receiver, reason: reason)
        await trouble(.undelivered(delivery.notification, undelivered))
        return await bury(delivery, reason: reason)
    }

    private func bury(_ delivery: Delivery, reason: String) async -> Bool {
        report(lanes[delivery.receiver]?.gaveUp(delivery, reason, atUptimeMs: clock.now.uptimeMs))
        return await settle(delivery) { outbox, now in
            try await outbox.markDead(delivery.id, reason: reason, atWallMs: now)
        }
    }

    /// A journal that cannot be written leaves the delivery waiting: it goes out again, with the same id, but not at once.
    private func settle(
        _ delivery: Delivery, _ note: (any Outbox, Int64) async throws -> Void
    ) async -> Bool {
        do {
            try await note(outbox, clock.now.wallMs)
            return true
        } catch {
            pause(delivery.receiver, ms: Self.unwritablePauseMs)
            return false
        }
    }

    private func report(_ line: LogLine?) {
        if let line { log(line) }
    }
}
