/// One life of one version, from the reservation of its place to its end, as its journal entries describe it.
///
/// A rollout is a fold over its entries, and ``apply(_:)`` is the only code that changes it: live, after a restart and in the
/// API. Its id is `checkout-r42`, from the sequence of its first entry.
public struct Rollout: Sendable, Equatable {
    public enum State: String, Sendable, Equatable, Codable, CaseIterable {
        case queued
        /// A place is reserved, its deployment is awaited.
        case prepared
        /// Start conditions are awaited; nothing is moved.
        case checking
        /// A share is wanted, and not yet in force on every instance.
        case moving
        /// The share of ``step`` is in force, its gates are judged.
        case standing
        case baking
        case rollingBack = "rolling_back"
        case ended
    }

    /// One line of its history.
    public struct Line: Sendable, Equatable {
        public var sequence: UInt64
        public var atWallMs: Int64
        /// ``RolloutEvent/name``.
        public var event: String
        public var text: String

        public init(sequence: UInt64, atWallMs: Int64, event: String, text: String) {
            self.sequence = sequence
            self.atWallMs = atWallMs
            self.event = event
            self.text = text
        }
    }

    public struct Halt: Sendable, Equatable, Codable {
        public var reason: HaltReason
        public var text: String

        public init(reason: HaltReason, text: String) {
            self.reason = reason
            self.text = text
        }
    }

    public struct Pause: Sendable, Equatable {
        public var by: String
        public var reason: String
        public var untilWallMs: Int64?
        public var sinceWallMs: Int64
    }

    /// A gate of the present step that is, or was, asked.
    public struct OpenGate: Sendable, Equatable {
        public var step: Int
        public var gate: String
        public var id: String
        public var askedWallMs: Int64
        public var untilWallMs: Int64
        public var replies: [GateReply] = []
        public var hasLapsed = false

        public init(step: Int, gate: String, id: String, askedWallMs: Int64, untilWallMs: Int64) {
            self.step = step
            self.gate = gate
            self.id = id
            self.askedWallMs = askedWallMs
            self.untilWallMs = untilWallMs
        }
    }

    /// An answer to a gate that was not asked yet.
    public struct EarlyReply: Sendable, Equatable {
        public var step: Int
        public var gate: String
        public var reply: GateReply
    }

    public let id: String
    public private(set) var release: String
    public let openedWallMs: Int64
    public private(set) var preparation: PreparationRecord
    public private(set) var state: State
    public private(set) var begunBy: String?
    /// As they were when the rollout began; empty before.
    public private(set) var steps: [StepPlan] = []
    public private(set) var bake = BakePlan()
    /// The step whose share is in force, from 1; 0 before the first.
    public private(set) var step = 0
    /// The step whose share is wanted; differs from ``step`` while ``State/moving``.
    public private(set) var wantedStep = 0
    /// How long the present step has lasted, as last written.
    public private(set) var standingMs: Int64 = 0
    /// What of it counts towards the step's `max`: without pauses, freezes and whatever else holds it from outside.
    public private(set) var countedMs: Int64 = 0
    public private(set) var pause: Pause?
    public private(set) var halts: [Halt] = []
    public private(set) var gates: [OpenGate] = []
    /// Approvals of the present step that were given before it asked for them.
    public private(set) var earlyReplies: [EarlyReply] = []
    /// Since when it is paused, or halted until an operator ends it, without a break; nil while neither.
    public private(set) var waitsForOperatorSinceWallMs: Int64?
    /// The newest reminder of that.
    public private(set) var remindedWallMs: Int64?
    /// Reminders in its whole life.
    public private(set) var reminders = 0
    /// The version before cannot be gone back to, as was reported.
    public private(set) var hasLostWayBack = false
    /// Gate ids made so far, so that a new round has a new id.
    public private(set) var gateRounds = 0
    public private(set) var incident: String?
    public private(set) var end: RolloutEnd?
    public private(set) var endReason = ""
    public private(set) var endedWallMs: Int64?
    /// A step's undoings, in milliseconds of the wall clock; the newest last.
    public private(set) var undoneWallMs: [Int64] = []
    /// Sequence of its newest entry, for conditional requests: `checkout-r42.117`.
    public private(set) var revision: UInt64
    /// Bounded: the beginning and the end are kept.
    public private(set) var history: [Line] = []

    /// Begins with the entry of a preparation or of a place in the queue; nil for any other entry.
    public init?(_ entry: JournalEntry) {
        guard case .rollout(let id, let event) = entry.event else { return nil }
        switch event {
        case .prepared(let record): (preparation, state) = (record, .prepared)
        case .queued(let record): (preparation, state) = (record, .queued)
        default: return nil
        }
        (self.id, release, openedWallMs, revision) = (id, entry.release, entry.wallMs, entry.sequence)
        note(event, entry)
    }

    public var version: VersionIdentity { preparation.version }
    public var isOver: Bool { state == .ended }
    /// The canary may have a share.
    public var hasBegun: Bool { !steps.isEmpty }
    /// `checkout-r42.117`.
    public var tag: String { "\(id).\(revision)" }

    /// The share of a step, basis points; 0 before the first.
    public func basisPoints(ofStep step: Int) -> Int {
        steps.indices.contains(step - 1) ? steps[step - 1].basisPoints : 0
    }

    public var plan: StepPlan? { steps.indices.contains(step - 1) ? steps[step - 1] : nil }

    public func isHalted(_ reason: HaltReason) -> Bool { halts.contains { $0.reason == reason } }

    public func gate(_ name: String) -> OpenGate? { gates.last { $0.gate == name && $0.step == step } }

    /// What was answered in this step before the gate was asked.
    public func earlyReplies(to gate: String) -> [GateReply] {
        earlyReplies.filter { $0.gate == gate && $0.step == step }.map(\.reply)
    }

    /// Takes the next entry. One of another rollout changes nothing.
    public mutating func apply(_ entry: JournalEntry) {
        guard case .rollout(id, let event) = entry.event else { return }
        revision = max(revision, entry.sequence)
        take(event, entry)
        noteOperator(entry)
        note(event, entry)
    }

    private mutating func noteOperator(_ entry: JournalEntry) {
        guard pause != nil || halts.contains(where: { !$0.reason.endsByItself }) else {
            (waitsForOperatorSinceWallMs, remindedWallMs) = (nil, nil)
            return
        }
        waitsForOperatorSinceWallMs = waitsForOperatorSinceWallMs ?? entry.wallMs
    }

    private mutating func take(_ event: RolloutEvent, _ entry: JournalEntry) {
        switch event {
        case .prepared(let record): (preparation, state) = (record, .prepared)
        case .queued(let record): (preparation, state) = (record, .queued)
        case .begun(let by, let steps, let bake): (begunBy, self.steps, self.bake, state) = (by, steps, bake, .checking)
        case .stepIntended(let step, _, _): (wantedStep, state) = (step, .moving)
        case .stepApplied: break
        case .stepStanding(let step, _, _): stand(step)
        case .stepPassed: (gates, earlyReplies) = ([], [])
        case .stepUndone(let undone, _, _): undo(undone, entry)
        case .standing(let step, let forMs, let countedMs):
            if step == self.step { (standingMs, self.countedMs) = (forMs, countedMs ?? forMs) }
        case .baking: (state, standingMs, countedMs) = (.baking, 0, 0)
        case .paused(let by, let reason, let until):
            pause = Pause(by: by, reason: reason, untilWallMs: until, sinceWallMs: entry.wallMs)
        case .resumed: pause = nil
        case .halted(let reason, let text):
            halts.removeAll { $0.reason == reason }
            halts.append(Halt(reason: reason, text: text))
        case .unhalted(let reason, _):
            halts.removeAll { $0.reason == reason }
            // Whoever resumes an overdue step grants it its `max` once more.
            if reason == .overdue { countedMs = 0 }
        case .gateAsked(let step, let gate, let id, let until): ask(step, gate, id, until, entry)
        case .gateAnswered(let step, let gate, let id, let reply): answer(step, gate, id, reply)
        case .gateLapsed(_, _, let id): change(gate: id) { $0.hasLapsed = true }
        case .shareMoved, .targetsChanged, .versionMismatch: break
        case .reminded: (remindedWallMs, reminders) = (entry.wallMs, reminders + 1)
        case .wayBackLost: hasLostWayBack = true
        case .rollingBack(let incident, _): (self.incident, state) = (incident, .rollingBack)
        case .ended(let end, let reason):
            (self.end, endReason, endedWallMs, state) = (end, reason, entry.wallMs, .ended)
            (pause, halts, gates, earlyReplies) = (nil, [], [], [])
        }
    }

    private mutating func stand(_ step: Int) {
        if step != self.step { (standingMs, countedMs) = (0, 0) }
        (self.step, wantedStep, state) = (step, step, .standing)
    }

    /// Back to the step before, whose share still has to be seen.
    private mutating func undo(_ undone: Int, _ entry: JournalEntry) {
        wantedStep = max(0, undone - 1)
        (step, standingMs, countedMs) = (min(step, wantedStep), 0, 0)
        earlyReplies = []
        state = wantedStep == 0 ? .checking : .moving
        undoneWallMs = Array((undoneWallMs + [entry.wallMs]).suffix(10))
    }

    private mutating func ask(_ step: Int, _ gate: String, _ id: String, _ until: Int64, _ entry: JournalEntry) {
        gateRounds += 1
        gates.removeAll { $0.gate == gate }
        var open = OpenGate(step: step, gate: gate, id: id, askedWallMs: entry.wallMs, untilWallMs: until)
        // Those who approved before they were asked are not asked again.
        open.replies = earlyReplies(to: gate).filter { ($0.validUntilWallMs ?? .max) > entry.wallMs }
        earlyReplies.removeAll { $0.gate == gate }
        gates.append(open)
    }

    private mutating func answer(_ step: Int, _ gate: String, _ id: String, _ reply: GateReply) {
        if gates.contains(where: { $0.id == id }) { return change(gate: id) { $0.replies.append(reply) } }
        guard step == self.step, reply.answer == .proceed else { return }
        earlyReplies.removeAll { $0.gate == gate && $0.reply.by == reply.by }
        earlyReplies = Array((earlyReplies + [EarlyReply(step: step, gate: gate, reply: reply)]).suffix(50))
    }

    private mutating func change(gate id: String, _ change: (inout OpenGate) -> Void) {
        guard let index = gates.firstIndex(where: { $0.id == id }) else { return }
        change(&gates[index])
    }

    private mutating func note(_ event: RolloutEvent, _ entry: JournalEntry) {
        if event.replacesEarlier { return }
        if history.count >= 400 { history.remove(at: 200) }
        history.append(
            Line(sequence: entry.sequence, atWallMs: entry.wallMs, event: event.name, text: event.text))
    }
}

extension Rollout {
    /// The rollout of a unit, made of those of its parts: their histories in one order, all their halts, the newest revision.
    ///
    /// - Parameters:
    ///   - others: of the other parts, with the same id.
    ///   - unit: the unit's name.
    public func merged(_ others: [Rollout], as unit: String) -> Rollout {
        var whole = self
        whole.release = unit
        for other in others {
            whole.revision = max(whole.revision, other.revision)
            whole.halts += other.halts.filter { !whole.halts.contains($0) }
            if whole.isOver, !other.isOver { whole.reopen(as: other) }
            let known = Set(whole.history.map { HistoryKey($0) })
            whole.history += other.history.filter { !known.contains(HistoryKey($0)) }
        }
        whole.history.sort { $0.sequence < $1.sequence }
        return whole
    }

    /// A unit's rollout is over when those of all its parts are.
    private mutating func reopen(as other: Rollout) {
        (state, end, endReason, endedWallMs) = (other.state, nil, "", nil)
        incident = incident ?? other.incident
    }

    /// What all parts do together is one line.
    private struct HistoryKey: Hashable {
        let event: String
        let text: String
        let atWallMs: Int64

        init(_ line: Line) { (event, text, atWallMs) = (line.event, line.text, line.atWallMs) }
    }
}
