import Leases
import Model

@testable import Kernel

/// One replica: a kernel, and what its service does, in virtual time.
struct ReplicaNode {
    /// Defects that the laws have to find.
    enum Defect: Sendable, CaseIterable {
        /// It acts as the leader although its lease has ended.
        case leadsAfterItsLease
        /// It rolls back only while some replica leads.
        case waitsForADeadLeader
        /// It believes that it leads after another leader took over, and writes without a comparison.
        case writesUnguarded
    }

    let name: String
    var kernel: Kernel
    var tenure: LeaseTenure
    var session: Int?
    /// In the store; nil while it does not lead.
    var hold: UInt64?
    var leadership = Leadership()
    var cursor: UInt64 = 0
    var highestToken: UInt64 = 0
    var isAlive = true
    /// Since when it has run without a break, by the world's clock.
    var runsSinceMs: Int64 = 0
    var isPaused = false
    var reachesStore = true
    /// Its router neither takes nor answers anything.
    var isRouterSilent = false
    /// Its monotonic clock is this much behind.
    var clockLagMs: Int64 = 0
    var isClockStopped = false
    var journal: [JournalEntry] = []
    var deliveries: [Delivery] = []
    var pending: [HandoverDocument] = []
    var announced: [JournalEntry] = []
    /// Its wall clock is so much before those of the others.
    var wallSkewMs: Int64 = 0
    /// What operators have ordered, as its disk has it, and whether the store has it too.
    var acts: OperatorActs?
    var isActsUnwritten = false
    /// The newest form of documents that it reads.
    var form = DocumentForms.newest

    init(_ name: String, plan: Plan, at now: Moment, ttlMs: Int64, journal: [JournalEntry] = []) {
        self.name = name
        self.journal = journal
        tenure = LeaseTenure(ttlMs: ttlMs)
        kernel = Kernel(
            plan: plan, replaying: journal, journalIdentity: name, seed: 7,
            replica: ReplicaIdentity(name: name, group: "test"), at: now)
    }

    var runs: Bool { isAlive && !isPaused }
    var leads: Bool { leadership.isHeld }
}
