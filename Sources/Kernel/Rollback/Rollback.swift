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

    /// What an operator asked for.
    struct Wish: Sendable, Equatable {
        let by: String
        let reason: String
    }

    /// What its journal entries say; changed by ``ReleaseState/write(_:_:)`` alone.
    var incident: Incident
    /// The intent's entry was lost on its way to the disk.
    var isIntentLost = false

    var step: Step
    /// The router is being worked on. A drift that is corrected without an entry does not open the incident again.
    var isOpen = true
    /// This attempt has passed its deadline, and people were notified.
    var isOverdue = false
    /// The steps that come before everything is taken out; nil when they are done or there are none.
    var drain: Drain?
    /// Since when everything is being taken out, after the steps.
    var everythingSinceUptimeMs: Int64

    /// Start of this episode: the verdict, or the drift.
    var episodeUptimeMs: Int64
    var deadlineUptimeMs: Int64
    /// False in a dry run over the rollback of another run: nothing happens to it by time alone.
    var hasLimits = true
    var call: Call?
    /// When the pause, the grace or the next look is over.
    var wakeUptimeMs: Int64?
    var pause: RetryPause
    /// Calls of this process that changed something.
    var attempts = 0
    /// Corrections of a drift by this process, those without an entry too.
    var corrections = 0
    var lastDriftToldUptimeMs: Int64?
    /// People know that the canary is back and is left there, because the baseline cannot serve.
    var isDriftHoldTold = false
    /// Looks in a row that found the canary back while the scrapes had not told yet whether the baseline is there.
    var undecidedLooks = 0
    /// Somebody asked for the rollback after it was done: what the next look shows is taken out whatever the baseline does.
    var wish: Wish?
    /// People were told that this episode began, so they are told how it ends.
    var isEpisodeTold = true

    /// What the router last answered and showed in this attempt; a repetition is not written to the journal again.
    var receipts: [RouterReceipt] = []
    var observations: [RouterObservation] = []

    /// Since when every instance has shown 0 %.
    var observedZeroSinceUptimeMs: Int64?
    var proof = Proof()
    /// Targets that served the canary and left the configuration while this episode was open: whether they are silent
    /// cannot be seen any more.
    var unseenTargets: [String] = []
    /// Why this attempt is acknowledged without a proof by traffic; nil where there is one.
    var unproven: String?
    /// The traffic is gone; one more look at the router closes the incident.
    var isProven = false

    init(_ incident: Incident, plan: RollbackPlan, at now: Moment, step: Step) {
        self.incident = incident
        self.step = step
        isOpen = incident.isOpen
        episodeUptimeMs = now.uptimeMs
        everythingSinceUptimeMs = now.uptimeMs
        deadlineUptimeMs = now.uptimeMs + plan.deadlineMs
        pause = RetryPause(minMs: plan.retryMinMs, maxMs: plan.retryMaxMs)
    }

    var id: String { incident.id }

    /// The split that is being brought about.
    var splitNow: Split { Split(canaryBasisPoints: min(max(drain?.askedBasisPoints ?? 0, 0), 10_000)) }

    /// The proof is complete and the router is being polled for the last time. No limit cuts this short: it ends with the
    /// answer, or when the call expires.
    var isBeingConfirmed: Bool { isProven && call != nil }

    /// The earliest moment at which there is something to do by time alone.
    var nextWakeUptimeMs: Int64? {
        guard isOpen else { return nil }
        let deadline = isOverdue || isBeingConfirmed || !hasLimits ? nil : deadlineUptimeMs
        return [call?.expiresUptimeMs, wakeUptimeMs, deadline].compactMap { $0 }.min()
    }

    /// Starts over for a drift: same incident, new deadline, nothing proven.
    mutating func reopen(plan: RollbackPlan, at now: Moment) {
        isOpen = true
        isOverdue = false
        corrections += 1
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

    /// Nothing is left to be done.
    mutating func settle() {
        isOpen = false
        step = .settled
        call = nil
        wakeUptimeMs = nil
    }
}
