import Model
import Support

/// One incident: a rollback from its intent to its acknowledgement, and its correction when something puts the canary
/// back.
///
///     intended -> durable -> applied -> observed -> proven by traffic -> confirmed -> acknowledged
///
/// The steps that call the router are in `ReleaseState+Rollback.swift`; this is what they remember.
struct Rollback: Sendable, Equatable {
    enum Step: Sendable, Equatable {
        /// The intent is on its way to the disk.
        case awaitingDurable
        /// `applySplit` is in flight.
        case applying
        /// `observeSplit` is in flight.
        case observing
        /// A step of several is in place; the baseline has to carry it for a while.
        case draining
        /// A pause before the next try.
        case pausing
        /// The router shows 0 % everywhere; the canary's traffic has to follow.
        case proving
        /// Nothing is to be done.
        case settled
    }

    /// A call to the router that has not been answered.
    struct Call: Sendable, Equatable {
        let number: Int
        /// Past it the call counts as lost; drivers have shorter limits of their own.
        let expiresUptimeMs: Int64
    }

    /// What a person asked for.
    struct Wish: Sendable, Equatable {
        let by: String
        let reason: String
    }

    let incident: String
    let intent: IntentRecord
    let intentSequence: UInt64
    let openedWallMs: Int64

    var step: Step
    var isOpen = true
    var isAcknowledged = false
    var isAbandoned = false
    var isRearmed = false
    /// The second router has taken over.
    var isOnFallback = false
    /// The steps that come before everything is taken out; nil when they are done or there are none.
    var drain: Drain?
    /// Since when everything is being taken out, after the steps.
    var everythingSinceUptimeMs: Int64
    var closedWallMs: Int64?

    /// Start of this episode: the verdict, or the drift.
    var episodeUptimeMs: Int64
    var deadlineUptimeMs: Int64
    /// False in a dry run over the rollback of another run: nothing happens to it by time alone.
    var hasLimits = true
    /// The same by the journal's clock.
    var clock: RollbackClock
    var call: Call?
    /// When the pause, the grace or the next look is over.
    var wakeUptimeMs: Int64?
    var pause: RetryPause
    var attempts = 0
    var reapplications = 0
    var lastDriftToldUptimeMs: Int64?
    /// People know that the canary is back and is left there, because the baseline cannot serve.
    var isDriftHoldTold = false
    /// Looks in a row that found the canary back while the scrapes had not told yet whether the baseline is there.
    var undecidedLooks = 0
    /// Somebody asked for the rollback after it was done: what the next look shows is taken out whatever the baseline does.
    var wish: Wish?
    /// People were told that this episode began, so they are told how it ends.
    var isEpisodeTold = true

    /// As last written to the journal, so that a repetition is not written again.
    var receipts: [RouterReceipt] = []
    var observations: [RouterObservation] = []

    /// Since when every instance has shown 0 %.
    var observedZeroSinceUptimeMs: Int64?
    var proof = Proof()
    /// Targets that served the canary and left the configuration while this episode was open: whether they are silent
    /// cannot be seen any more.
    var unseenTargets: [String] = []
    /// Why the rollback is acknowledged without a proof by traffic; nil where there is one.
    var unproven: String?
    /// The traffic is gone; one more look at the router closes the incident.
    var isProven = false
    var timeline: [Notification.TimelineStep] = []

    init(incident: String, intent: IntentRecord, sequence: UInt64, plan: RollbackPlan, at now: Moment, step: Step) {
        self.incident = incident
        self.intent = intent
        intentSequence = sequence
        openedWallMs = now.wallMs
        self.step = step
        episodeUptimeMs = now.uptimeMs
        everythingSinceUptimeMs = now.uptimeMs
        deadlineUptimeMs = now.uptimeMs + plan.deadlineMs
        clock = RollbackClock(atWallMs: now.wallMs)
        pause = RetryPause(minMs: plan.retryMinMs, maxMs: plan.retryMaxMs)
    }

    /// The split that is being brought about.
    var splitNow: Split { Split(canaryBasisPoints: min(max(drain?.askedBasisPoints ?? 0, 0), 10_000)) }

    /// The proof is complete and the router is being polled for the last time. No limit cuts this short: it ends with the
    /// answer, or when the call expires.
    var isBeingConfirmed: Bool { isProven && call != nil }

    /// The earliest moment at which there is something to do by time alone.
    var nextWakeUptimeMs: Int64? {
        guard isOpen else { return nil }
        let deadline = isAbandoned || isBeingConfirmed || !hasLimits ? nil : deadlineUptimeMs
        return [call?.expiresUptimeMs, wakeUptimeMs, deadline].compactMap { $0 }.min()
    }

    /// A line for people. Bounded: a fight over months must not fill the memory.
    mutating func note(_ step: String, _ detail: String, atWallMs wallMs: Int64) {
        if timeline.count >= 200 { timeline.remove(at: 100) }
        timeline.append(.init(atWallMs: wallMs, step: step, detail: detail))
    }

    /// Starts over for a drift: same incident, new deadline, nothing proven.
    mutating func reopen(plan: RollbackPlan, at now: Moment) {
        isOpen = true
        isAcknowledged = false
        isAbandoned = false
        closedWallMs = nil
        reapplications += 1
        drain = nil
        episodeUptimeMs = now.uptimeMs
        everythingSinceUptimeMs = now.uptimeMs
        deadlineUptimeMs = now.uptimeMs + plan.deadlineMs
        pause = RetryPause(minMs: plan.retryMinMs, maxMs: plan.retryMaxMs)
        unseenTargets = []
        forgetProof()
    }

    mutating func forgetProof() {
        observedZeroSinceUptimeMs = nil
        proof = Proof()
        unproven = nil
        isProven = false
    }

    mutating func close(atWallMs wallMs: Int64) {
        isOpen = false
        closedWallMs = wallMs
        step = .settled
        call = nil
        wakeUptimeMs = nil
    }

    func snapshot(release: String) -> IncidentSnapshot {
        IncidentSnapshot(
            id: incident, release: release, state: state, isOpen: isOpen, openedWallMs: openedWallMs,
            closedWallMs: closedWallMs, intent: intent, timeline: timeline, attempts: attempts,
            reapplications: reapplications)
    }

    private var state: IncidentSnapshot.State {
        if intent.isDryRun { return .dryRun }
        if isRearmed { return .rearmed }
        if isAcknowledged { return .acknowledged }
        if isAbandoned { return .abandoned }
        if observedZeroSinceUptimeMs != nil { return .observed }
        return attempts > 0 && step != .applying ? .applied : .intended
    }
}
