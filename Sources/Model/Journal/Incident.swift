/// One rollback as its journal entries describe it: from the intent to its end, and through every drift after that.
///
/// An incident is a fold over its entries, and ``apply(_:)`` is the only code that changes it. The kernel writes an entry and
/// applies it, a restart applies the stored entries, the API applies the entries of an incident that is too old for the
/// snapshot. So an incident reads the same at every age and after every restart.
public struct Incident: Sendable, Equatable {
    public enum State: String, Sendable, Equatable {
        case intended
        case applied
        case observed
        case acknowledged
        /// Past its deadline; the router is still being called.
        case abandoned
        /// A dry run: nothing was done.
        case dryRun = "dry_run"
        /// An operator cleared the latch.
        case rearmed
    }

    /// `checkout-17`, from the sequence of its first entry.
    public let id: String
    public let release: String
    public let intent: IntentRecord
    /// Of the intent's entry.
    public let intentSequence: UInt64
    public let openedWallMs: Int64
    public private(set) var isOpen: Bool
    public private(set) var closedWallMs: Int64?
    public private(set) var isAcknowledged = false
    public private(set) var isAbandoned = false
    public private(set) var isRearmed = false
    /// The second router has taken over.
    public private(set) var isOnFallback = false
    /// Why the acknowledgement rests on the router alone; nil where the canary's traffic proved it, or nothing yet.
    public private(set) var unproven: String?
    /// The present step of a rollback in steps; nil when there are none or all are done.
    public private(set) var step: DrainRecord?
    /// When the present step was written last.
    public private(set) var stepWallMs: Int64?
    /// As last written, since the intent or the last drift.
    public private(set) var receipts: [RouterReceipt] = []
    public private(set) var observations: [RouterObservation] = []
    /// Answers of the router that were written down. An answer that repeats the one before is not written.
    public private(set) var attempts = 0
    /// Times that the incident was opened again after its acknowledgement.
    public private(set) var reapplications = 0
    /// Where `deadline` and `fallback.after` begin.
    public private(set) var clock: RollbackClock
    /// The operator who has taken charge since it was opened; nil while none has.
    public private(set) var acknowledgedBy: String?
    /// What goes back beside the traffic; nil for a release without a plan.
    public private(set) var procedure: ProcedureRun?
    /// Who goes back with it; nil for a release in no group, and for a companion.
    public private(set) var group: GroupRun?
    public private(set) var timeline: [Notification.TimelineStep] = []

    /// Begins with the entry of an intent; nil for any other entry.
    public init?(_ entry: JournalEntry) {
        guard case .intended(let intent) = entry.event, let id = entry.incident else { return nil }
        (self.id, release, self.intent) = (id, entry.release, intent)
        (intentSequence, openedWallMs) = (entry.sequence, entry.wallMs)
        clock = RollbackClock(atWallMs: entry.wallMs)
        isOpen = !intent.isDryRun
        note(entry.event.step, entry.event.text, entry)
        guard intent.isDryRun else { return }
        closedWallMs = entry.wallMs
        note("dry_run", "the router was not called", entry)
    }

    /// An incident that is not its release's latest, from its entries, oldest first; nil without an intent among them.
    public init?(history entries: [JournalEntry]) {
        guard let first = entries.firstIndex(where: { Incident($0) != nil }), var incident = Incident(entries[first])
        else { return nil }
        for entry in entries[(first + 1)...] { incident.apply(entry) }
        incident.retire()
        self = incident
    }

    public var state: State {
        if intent.isDryRun { return .dryRun }
        if isRearmed { return .rearmed }
        if isAcknowledged { return .acknowledged }
        if isAbandoned { return .abandoned }
        if observations.showNothing || observations.areUnreadable { return .observed }
        return receipts.isEmpty ? .intended : .applied
    }

    /// The alert that asked for it; nil for an operator's command.
    public var alert: AlertRecord? {
        if case .rule(let alert) = intent.trigger { alert } else { nil }
    }

    /// Takes the next entry. One of another incident changes nothing.
    public mutating func apply(_ entry: JournalEntry) {
        guard entry.incident == id else { return }
        clock.note(atWallMs: entry.wallMs)
        var detail = entry.event.text
        switch entry.event {
        case .applied(let answers):
            attempts += 1
            receipts = answers
        case .observed(let seen):
            observations = seen
            if !seen.showNothing, !seen.areUnreadable { unproven = nil }
        case .provenByTraffic: unproven = nil
        case .unproven(let reason): unproven = reason
        case .draining(let record): take(record, atWallMs: entry.wallMs)
        case .acknowledged:
            detail += ", \(max(0, entry.wallMs - clock.sinceWallMs)) ms after the verdict"
            (isAcknowledged, isAbandoned, step) = (true, false, nil)
            close(atWallMs: entry.wallMs)
        case .abandoned:
            (isAcknowledged, isAbandoned) = (false, true)
            (isOpen, closedWallMs) = (true, nil)
        case .fallback:
            (isOnFallback, unproven, receipts, observations) = (true, nil, [], [])
        case .drifted, .strayed: reopen(atWallMs: entry.wallMs)
        case .rearmed:
            (isRearmed, isOnFallback) = (true, false)
            if isOpen { close(atWallMs: entry.wallMs) }
        case .operatorAcknowledged(let by, _): acknowledgedBy = by
        case .procedure(.frozen(let plan)): procedure = ProcedureRun(plan, atWallMs: entry.wallMs)
        case .group(.begun(let work)): group = GroupRun(work, atWallMs: entry.wallMs)
        case .group(let event): group?.apply(event)
        case .procedure(let event): procedure?.apply(event, atWallMs: entry.wallMs)
        case .actedBeforeDurable, .driftHeld, .driftOverruled, .escalated, .unreadable: break
        // These are facts of the release, or the beginning that is there already.
        case .began, .ended, .alertFiring, .alertResolved, .held, .intended, .evidence, .pending, .routerUnusable,
            .routerUsable, .rollout, .deployment, .targetsChanged, .targetsUnusable, .targetsUsable, .configured,
            .leaderChanged, .silences, .openSubjects, .wayBackClosed, .wayBackOpened,
            .schemaBreached, .schemaBreachEnded:
            return
        }
        note(entry.event.step, detail, entry)
    }

    /// The steps and the group of the same incident as the replica that leads has carried them out.
    public mutating func adoptProcedure(of other: Incident) {
        guard other.id == id else { return }
        if let theirs = other.procedure { procedure = theirs }
        if let theirs = other.group { group = theirs }
    }

    /// Another incident, or another pair of versions, has taken its place: what is past is not open.
    ///
    /// - Parameter keepingPlan: its plan is ended by entries of its own.
    public mutating func retire(keepingPlan: Bool = false) {
        // What became of its plan may be written later than the incident was last open.
        let lastWallMs = timeline.last { !$0.step.hasPrefix("plan_") }?.atWallMs ?? openedWallMs
        if isOpen { close(atWallMs: lastWallMs) }
        if !keepingPlan { procedure?.retire(atWallMs: lastWallMs) }
        group?.retire()
    }

    private mutating func take(_ record: DrainRecord, atWallMs wallMs: Int64) {
        (step, stepWallMs) = record.isLastStep ? (nil, nil) : (record, wallMs)
        guard record.isLastStep else { return }
        // Everything is taken out now, with a deadline of its own.
        isAbandoned = false
        clock.restart(atWallMs: wallMs)
    }

    private mutating func reopen(atWallMs wallMs: Int64) {
        (isOpen, closedWallMs, isAcknowledged, isAbandoned) = (true, nil, false, false)
        (step, unproven, receipts, observations) = (nil, nil, [], [])
        acknowledgedBy = nil
        clock.restart(atWallMs: wallMs)
        reapplications += 1
    }

    private mutating func close(atWallMs wallMs: Int64) { (isOpen, closedWallMs) = (false, wallMs) }

    /// Bounded: a fight over months must not fill the memory. The beginning and the end are kept.
    private mutating func note(_ step: String, _ detail: String, _ entry: JournalEntry) {
        if timeline.count >= 200 { timeline.remove(at: 100) }
        timeline.append(.init(atWallMs: entry.wallMs, step: step, detail: detail))
    }
}

extension Array<RouterObservation> {
    /// Every instance can be read and shows that the canary gets nothing.
    public var showNothing: Bool { !isEmpty && allSatisfy { $0.canaryBasisPoints == 0 } }

    /// A router without a read-back: only the traffic shows it.
    public var areUnreadable: Bool { !isEmpty && allSatisfy { $0.level == .none && $0.canaryBasisPoints == nil } }
}
