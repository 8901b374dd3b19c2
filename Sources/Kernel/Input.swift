public import Model

/// Everything that can happen to the kernel.
public enum Input: Sendable, Equatable {
    case scraped(ScrapeReport)
    /// The cycle's last scrape is in, or its deadline has passed.
    case cycleEnded(release: String)
    /// All entries up to this sequence are on disk, but for those that were reported as lost before.
    case journalDurable(through: UInt64)
    /// These entries are not on disk and never will be: the queue of the journal's writer was full. Comes before any later
    /// entry is reported as durable.
    case journalLost(from: UInt64, through: UInt64)
    /// An append failed; it is being tried again.
    case journalFailing(reason: String)
    case routerApplied(release: String, call: Int, receipts: [RouterReceipt])
    case routerObserved(release: String, call: Int, observations: [RouterObservation])
    /// What came of a try to ask a webhook gate.
    case gateTried(release: String, id: String, GateTry)
    /// What the sources of a release list now, whole. It is no reload: what the other targets have counted stays.
    case targetsChanged(release: String, TargetLists)
    /// What the sources of a release are like, whole.
    case sourcesChanged(release: String, TargetSourcesState)
    /// What came of a change of the configuration centre, for the journal.
    case configured(ConfigurationRecord)
    /// What the configuration centre holds as the share of a release.
    case shareRead(release: String, ShareReading)
    /// What came of a call of a plan's step.
    case stepAnswered(release: String, call: Int, StepAnswer)
    /// What a companion on another daemon has answered. The release is the sick one.
    case companionAnswered(release: String, call: Int, GroupAnswer)
    /// What came of reading the schema of a release.
    case schemaRead(release: String, call: Int, SchemaReport)
    /// A receiver does not take notifications, or takes them again.
    case delivery(DeliveryTrouble)
    /// Who leads the replicas now, or how long this one still leads. Of a kernel with replicas alone, as are the next three.
    case leadership(Leadership)
    /// What the leader says of a release.
    case handedOver(HandoverDocument)
    /// The store has a document of a release that covers everything up to this sequence.
    case published(release: String, through: UInt64)
    /// What operators have ordered about messages at another replica, written so many milliseconds ago.
    case operatorsActed(OperatorActs, ageMs: Int64)
    /// Another replica began a rollback.
    case peerRolledBack(PeerRollback)
    /// A validated new plan: swapped in whole.
    case reload(Plan)
    /// The time that ``Kernel/nextWakeUptimeMs`` asked for has come.
    case tick
}

/// What an operator may ask for.
public enum Command: Sendable, Equatable {
    ///
    /// - evenContracted: also to a version that does not fit the schema.
    case rollback(release: String, toVersion: String?, evenContracted: Bool = false)
    /// - abandonPlan: also while a step of the plan is under way.
    case rearm(release: String, abandonPlan: Bool = false)
    /// An operator takes charge of an incident, a rollout, a release or a unit: nothing of it is escalated any more.
    case acknowledge(subject: String)
    /// Hides the notifications that match for so many milliseconds.
    case silence(NotificationMatch, forMs: Int64)
    case endSilence(id: String)
    /// About the plan of an incident.
    case procedure(incident: String, ProcedureOrder)
}
