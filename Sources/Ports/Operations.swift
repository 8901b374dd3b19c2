public import Model

/// What people may ask of the running daemon; API calls it, Daemon answers.
public protocol Operations: Sendable {
    /// The latest state of all releases and incidents.
    func snapshot() async -> Snapshot
    /// What the sources of targets list, of each release that has some, in the order of their names.
    func discovery() async -> [DiscoveryReport]
    /// Journal entries of one incident, oldest first; empty for an unknown one.
    func entries(incident: String) async throws -> [JournalEntry]
    /// What became of the notifications of these journal entries.
    func fates(ofEntries sequences: [UInt64]) async throws -> [DeliveryFate]
    /// Counts, queues and dead letters; throws when the database cannot be read.
    func outbox() async throws -> OutboxReport
    /// Tries to deliver again: dead letters return to their queues, and a pause of the receiver ends.
    func resendDeliveries(_ choice: DeliveryChoice, by: String, reason: String) async -> CommandResult
    /// Takes deliveries out of the outbox for good, waiting and dead ones.
    func dropDeliveries(_ choice: DeliveryChoice, by: String, reason: String) async -> CommandResult
    /// Rolls a release back; valid in every state.
    ///
    /// - Parameter evenContracted: also to a version that does not fit the schema.
    func rollback(
        release: String, toVersion: String?, evenContracted: Bool, by: String, reason: String
    ) async -> CommandResult
    /// An order to the rollouts of a release; answered when what it reserves or raises is durable.
    func order(_ command: RolloutCommand, release: String, _ order: OrderContext) async -> RolloutAnswer
    /// Whether this is the one-time token that the question of a webhook gate carried.
    func isGateToken(_ token: String, gate id: String) async -> Bool
    /// What a link of a message is for.
    func readLink(_ token: String) async -> LinkReading
    /// Clears the latch of a rolled-back release, so that it is watched again.
    ///
    /// - Parameter abandonPlan: gives the plan of the rollback up, even while one of its steps is under way.
    func rearm(release: String, abandonPlan: Bool, by: String, reason: String) async -> CommandResult
    /// An operator takes charge of an incident, a rollout, a release or a unit: nothing of it is escalated any more.
    func acknowledge(_ subject: String, by: String, reason: String) async -> CommandResult
    /// What the steps of a road of a release's plan would do now, with the plan's deadline; changes nothing. Nil without a
    /// plan.
    func planPreview(release: String, _ road: ProcedureRoad) async -> (deadlineMs: Int64, steps: [StepPreview])?
    /// An operator decides about the plan of an incident, or of a rollout.
    func orderPlan(incident: String, _ order: ProcedureOrder, by: String, reason: String) async -> CommandResult
    /// What another daemon of a group asks of a release; answered when what it says is on the disk.
    func answer(_ order: GroupOrder) async -> GroupAnswer
    /// Hides notifications that match, for so many milliseconds.
    func silence(_ match: NotificationMatch, forMs: Int64, by: String, reason: String) async -> CommandResult
    /// Ends a silence before its time.
    func endSilence(_ id: String, by: String) async -> CommandResult
    /// Reads and validates all files, then swaps everything or nothing. The text contains every error.
    func reload() async -> CommandResult
    /// Pins an earlier state of the configuration centre on this host, ignores the centre, or follows it again. Refused
    /// without a centre, and for what a change of the centre would be refused for.
    func centre(_ order: CentreOrder, by: String, reason: String) async -> CommandResult
    /// The daemon's own metrics, text format 0.0.4.
    func metricsExposition() async -> String
    /// Nil when ready; else why not (for instance: the first cycle is not done).
    func unreadyReason() async -> String?
}

/// What a link in a message does.
public struct LinkTarget: Sendable, Equatable {
    /// The one thing that it does.
    public enum Action: String, Sendable {
        /// An operator takes charge of the incident.
        case acknowledge
    }

    /// What it does.
    public var action: Action
    /// The incident's id.
    public var incident: String
    /// Seconds since the Unix epoch; the link is void from then on.
    public var expiresSeconds: Int64

    public init(action: Action, incident: String, expiresSeconds: Int64) {
        (self.action, self.incident, self.expiresSeconds) = (action, incident, expiresSeconds)
    }
}

/// What the daemon finds in a link's token.
public enum LinkReading: Sendable, Equatable {
    /// Signed by this daemon, and its time is not over.
    case valid(LinkTarget)
    /// Signed by this daemon; its time is over.
    case expired(LinkTarget)
    /// Not signed by this daemon's key.
    case invalid
}

/// The outbox as people see it.
public struct OutboxReport: Sendable, Equatable {
    /// Of all receivers together.
    public var counts: OutboxCounts
    /// Receivers that have waiting or dead deliveries.
    public var queues: [ReceiverQueue]
    /// Newest first, at most 100.
    public var deadLetters: [DeadLetter]

    public init(counts: OutboxCounts, queues: [ReceiverQueue] = [], deadLetters: [DeadLetter] = []) {
        self.counts = counts
        self.queues = queues
        self.deadLetters = deadLetters
    }
}
