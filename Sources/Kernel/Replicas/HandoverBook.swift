import Model

/// The entries of a release that the other replicas need: which version is where, the rollout under way and the one before it,
/// and the newest rollback. Bounded: what a newer entry replaces is dropped.
struct HandoverBook: Sendable, Equatable {
    /// Of one rollback; a fight over the split lasts longer than its entries are kept.
    private static let incidentLimit = 200
    private static let rearmedLimit = 10

    let release: String
    private(set) var entries: [JournalEntry] = []
    /// The highest sequence of this journal among them.
    private(set) var through: UInt64 = 0
    /// The same of what the store has.
    var publishedThrough: UInt64 = 0
    /// Of the document that was published last.
    private(set) var revision: UInt64 = 0
    /// Of the newest rollback that any replica began, see `ReplicaIncident`.
    private(set) var ordinal: UInt64 = 0
    /// Names of rollbacks that were rearmed, the newest last.
    private(set) var rearmed: [String] = []
    /// Newest document that was taken in.
    private(set) var adopted: HandoverDocument?
    /// The highest token of the documents that this process made; 0 before the first.
    private(set) var madeToken: UInt64 = 0

    init(release: String) { self.release = release }

    /// No leader has said anything of the release, and this replica has not led: all of it is of the time before.
    var isOfItsOwnJournal: Bool { adopted == nil && madeToken == 0 && !entries.isEmpty }

    /// Whether an event belongs into a document.
    static func concerns(_ event: JournalEvent) -> Bool {
        switch event {
        case .began, .ended, .deployment, .rollout, .intended, .actedBeforeDurable, .draining, .applied, .observed,
            .provenByTraffic, .unproven, .acknowledged, .abandoned, .fallback, .drifted, .strayed, .driftHeld,
            .driftOverruled, .rearmed, .procedure:
            true
        // A promise is that of the replica that gave it.
        case .group(let event): if case .prepared = event { false } else { true }
        // What each replica finds out by itself, or what restores nothing of a rollback or a rollout.
        case .alertFiring, .alertResolved, .held, .evidence, .pending, .routerUnusable, .routerUsable,
            .targetsChanged, .targetsUnusable, .targetsUsable, .operatorAcknowledged, .escalated, .silences,
            .openSubjects, .configured, .leaderChanged, .unreadable, .wayBackClosed, .wayBackOpened,
            .schemaBreached, .schemaBreachEnded:
            false
        }
    }

    /// - Returns: whether the others need it soon; how long a step has lasted alone can wait for the next entry.
    mutating func take(_ entry: JournalEntry) -> Bool {
        switch entry.event {
        case .deployment: entries.removeAll { if case .deployment = $0.event { true } else { false } }
        case .rollout(let id, let event): makeRoom(for: event, of: id, entry)
        case .began:
            // What came before it is history.
            let rollouts = entries.rolloutIDs
            entries.removeAll { !$0.isOfRollouts(rollouts) }
        case .intended(let intent):
            if intent.isDryRun { return false }
            let rollouts = entries.rolloutIDs
            entries.removeAll { $0.incident != nil && !$0.isOfRollouts(rollouts) }
            ordinal = max(ordinal, entry.incident.map(ReplicaIncident.ordinal) ?? 0)
        case .procedure(let event):
            makeRoom(for: event, entry)
            boundIncident(entry)
        case .rearmed:
            if let id = entry.incident { noteRearmed([id]) }
            boundIncident(entry)
        default: boundIncident(entry)
        }
        entries.append(entry)
        through = max(through, entry.sequence)
        return true
    }

    /// What the leader has said, in place of everything else.
    ///
    /// - Parameter leads: this replica leads, and publishes what it took in; the document has to be newer than its own.
    mutating func adopt(_ document: HandoverDocument, leads: Bool = false) {
        entries = document.entries
        ordinal = max(ordinal, document.ordinal)
        noteRearmed(document.rearmed)
        adopted = document
        revision = max(revision, document.revision)
        // Sequences of another journal say nothing about this one.
        if !leads { (through, publishedThrough) = (0, 0) }
    }

    private mutating func noteRearmed(_ ids: [String]) {
        rearmed.removeAll { ids.contains($0) }
        rearmed = Array((rearmed + ids).suffix(HandoverBook.rearmedLimit))
    }

    /// Another replica has given the newest rollback a name with this ordinal.
    mutating func hear(_ other: UInt64) { ordinal = max(ordinal, other) }

    /// The next document.
    mutating func document(token: UInt64, of known: Release?) -> HandoverDocument {
        revision += 1
        madeToken = max(madeToken, token)
        var document = HandoverDocument(
            release: release, token: token, through: through, ordinal: ordinal, entries: entries)
        document.revision = revision
        document.rearmed = rearmed
        document.step = known?.handedStep
        document.alerts = known?.alertEpochs.handed
        return document
    }

    /// A rollout that begins takes the place of those that ended, but for the last one; a time takes the place of the last.
    private mutating func makeRoom(for event: RolloutEvent, of id: String, _ entry: JournalEntry) {
        if event.replacesEarlier {
            return entries.removeAll { older in
                if case .rollout(id, let known) = older.event { known.name == event.name } else { false }
            }
        }
        guard !entries.contains(where: { if case .rollout(id, _) = $0.event { true } else { false } }) else { return }
        let ended = entries.compactMap { older -> String? in
            if case .rollout(let one, .ended) = older.event { one } else { nil }
        }
        let forgotten = Set(ended.dropLast())
        entries.removeAll { older in
            switch older.event {
            case .rollout(let one, _): forgotten.contains(one)
            case .procedure: older.incident.map(forgotten.contains) ?? false
            default: false
            }
        }
    }

    /// A step that is changed back, tried or repeated again and again would take the place of everything else: of its earlier
    /// tries the last start and the last proof say all that matters.
    private mutating func makeRoom(for event: ProcedureEvent, _ entry: JournalEntry) {
        let (names, kept): ([String], [String])
        switch event {
        case .drifted: (names, kept) = (ProcedureEvent.namesOfTries, ["plan_step_started", "plan_step_proved"])
        case .started: (names, kept) = (["plan_step_started", "plan_step_failed"], ["plan_step_started"])
        case .watchFailed, .watchRecovered: (names, kept) = (["plan_watch_failed", "plan_watch_recovered"], [])
        case .reminded: (names, kept) = ([event.name], [])
        default: return
        }
        let older = entries.indices.filter { index in
            guard entries[index].incident == entry.incident, case .procedure(let known) = entries[index].event else {
                return false
            }
            return known.step == event.step && names.contains(known.name)
        }
        let last = kept.compactMap { name in older.last { entries[$0].event.name == name } }
        for index in older.reversed() where !last.contains(index) { entries.remove(at: index) }
    }

    /// The intent and the newest entries are kept.
    private mutating func boundIncident(_ entry: JournalEntry) {
        guard let incident = entry.incident else { return }
        let own = entries.indices.filter { entries[$0].incident == incident && !entries[$0].event.isOfRollouts }
        guard own.count >= HandoverBook.incidentLimit else { return }
        // Without its plan and its group, what happened to them says nothing.
        let oldest = own.dropFirst().first { index in
            switch entries[index].event {
            case .procedure(.frozen), .group(.begun), .group(.decided): false
            default: true
            }
        }
        if let oldest { entries.remove(at: oldest) }
    }
}

extension ProcedureEvent {
    /// What happens to a step in a try.
    fileprivate static let namesOfTries = [
        "plan_step_started", "plan_step_done", "plan_step_proved", "plan_step_failed", "plan_step_drifted",
    ]

    /// The step that it happened to; nil for the whole plan.
    fileprivate var step: String? {
        switch self {
        case .started(let step, _), .done(let step, _), .proved(let step, _), .failed(let step, _, _),
            .skipped(let step, _, _), .unknown(let step, _), .waiting(let step), .personDone(let step, _, _),
            .retried(let step, _, _), .drifted(let step, _, _), .reminded(let step, _), .backup(let step, _),
            .valueRead(let step, _), .watchFailed(let step, _), .watchRecovered(let step, _):
            step
        case .frozen, .overdue, .ended, .abandoned, .reopened, .undoing: nil
        }
    }
}
