import Model

/// What one step of the kernel collects: journal entries, deliveries and effects, in order.
struct StepContext {
    let now: Moment
    let isDryRun: Bool
    let graceMs: Int64
    /// Who is notified of what.
    var desk: NotificationDesk
    /// Names this journal, so that a wiped one cannot repeat old delivery ids.
    let journalIdentity: String
    var nextSequence: UInt64
    var nextCall: Int
    /// Of the retries' jitter.
    let seed: UInt64

    /// The last thing heard of the journal is that it cannot be written.
    var isJournalFailing = false

    /// What this replica may do; nil for one daemon alone.
    var rights: ReplicaRights?

    /// It may raise shares of the release, lead its rollouts and act on its statistical rules.
    ///
    /// - Parameter release: its name, or that of a unit.
    func mayLead(_ release: String) -> Bool { rights?.leads(release) ?? true }

    /// The plan is exchanged.
    var isReload = false
    /// Operators have acted at other replicas.
    var hasOperatorActs = false

    private(set) var entries: [JournalEntry] = []
    /// So many of them came from another replica, and are not handed over again.
    private(set) var knownEntries = 0
    private(set) var deliveries: [Delivery] = []
    private var later: [Effect] = []
    private var notified: [Notice] = []

    init(
        now: Moment, isDryRun: Bool, graceMs: Int64, desk: NotificationDesk, journalIdentity: String,
        nextSequence: UInt64, nextCall: Int, seed: UInt64
    ) {
        self.now = now
        self.isDryRun = isDryRun
        self.graceMs = graceMs
        self.desk = desk
        self.journalIdentity = journalIdentity
        self.nextSequence = nextSequence
        self.nextCall = nextCall
        self.seed = seed
    }

    /// The journal comes first: nothing is done before it is at least on its way to the disk.
    var effects: [Effect] {
        guard !entries.isEmpty else { return later }
        return [.append(JournalBatch(entries: entries, deliveries: deliveries))] + later
    }

    /// Something was decided in this step that has to stay true after a restart.
    var hasDecision: Bool { entries.contains(where: \.event.isDecision) }

    /// Something may be open that was not open before this step, or operators have acted elsewhere. A rollback that is taken
    /// over from another replica is written down too.
    var mayHaveOpened: Bool {
        if isReload || hasOperatorActs || !notified.isEmpty { return true }
        return entries.contains { if case .intended = $0.event { true } else { false } }
    }

    /// Writes a fact down and gives its sequence.
    @discardableResult
    mutating func record(_ event: JournalEvent, release: String) -> UInt64 {
        record(event, release: release, incident: nil).sequence
    }

    /// The same for an entry of an incident, which the caller applies to it: ``RollbackProcess/write(_:_:)``.
    mutating func record(_ event: JournalEvent, release: String, incident: String?) -> JournalEntry {
        let entry = JournalEntry(
            sequence: nextSequence, wallMs: now.wallMs, release: release, incident: incident, event: event)
        nextSequence += 1
        entries.append(entry)
        return entry
    }

    /// Puts a notification into the outbox of each receiver that gets it.
    ///
    /// - Parameters:
    ///   - ordinal: of a rollout's notification, which of its kind it is in the rollout's history.
    ///   - shared: the part of its id that all replicas give alike, where neither an incident nor a rollout has it.
    mutating func notify(_ notification: Notification, ordinal: Int? = nil, shared: String? = nil) {
        notified.append(Notice(notification))
        let names = desk.receivers(of: notification, at: now)
        send(notification, to: names, ordinal: ordinal, shared: shared)
        escalate(notification, sentTo: names)
    }

    /// The same, for receivers that the caller knows.
    ///
    /// - Parameter isShared: the other replicas make the same notification, so its id is the same there.
    mutating func send(
        _ notification: Notification, to names: [String], ordinal: Int? = nil, shared: String? = nil,
        isShared: Bool = true
    ) {
        let common = isShared ? rights.flatMap { $0.name(of: notification, ordinal: ordinal, shared) } : nil
        let name = common ?? "\(journalIdentity)-\(notification.sequence)"
        for receiver in desk.plans(names) where receiver.sendsResolved || !notification.isResolution {
            let id = "\(name)-\(receiver.name)"
            deliveries.append(Delivery(id: id, receiver: receiver.name, notification: notification))
        }
    }

    /// The same was said already in this step: by another part of a unit.
    func hasNotified(of notification: Notification) -> Bool { notified.contains(Notice(notification)) }

    /// What makes two notifications the same.
    private struct Notice: Equatable {
        let event: Notification.Event
        let rollout: String?
        let summary: String

        init(_ notification: Notification) {
            (event, rollout, summary) = (notification.event, notification.rollout, notification.summary)
        }
    }

    /// What was written down so far came from another replica.
    mutating func noteKnownEntries() { knownEntries = entries.count }

    mutating func emit(_ effect: Effect) { later.append(effect) }

    mutating func log(
        _ level: LogLine.Level, _ release: String, _ text: String, incident: String? = nil, rule: String? = nil
    ) {
        emit(.log(LogLine(level, release: release, incident: incident, rule: rule, text)))
    }

    /// A number for a router call, so that a late answer of an older one is known as such.
    mutating func newCall() -> Int {
        defer { nextCall += 1 }
        return nextCall
    }
}
