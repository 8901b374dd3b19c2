import Model
import Support

/// What a group has under way for the incident of its sick release: who was asked, and who is sent after. What has to outlive
/// the process is in the journal, see ``GroupRun``.
///
///     begun -> router called -> prepare -> decided -> durable -> commit, again and again -> ended
///
/// Nothing of the sick release waits for it.
struct GroupProcess: Sendable, Equatable {
    /// A question to a companion, or the next try.
    struct Errand: Sendable, Equatable {
        let companion: GroupCompanion
        var answer: GroupAnswer?
        /// On its way to another daemon.
        var call: RouterCall?
        /// Before then it is not asked again.
        var nextUptimeMs = Int64.min
        /// Why the last try did not do it.
        private(set) var lastTrouble: String?
        private var pause = RetryPause(minMs: 1_000, maxMs: 60_000)

        init(_ companion: GroupCompanion) { self.companion = companion }

        fileprivate var wakeUptimeMs: Int64? { call?.expiresUptimeMs ?? nextUptimeMs }

        /// Another try comes later.
        mutating func putOff(because reason: String, seed: UInt64, at now: Moment) {
            (call, lastTrouble, nextUptimeMs) = (nil, reason, now.uptimeMs + pause.next(seed: seed))
        }
    }

    /// Companions answer within it; one that does not is taken for refusing.
    static let prepareMs: Int64 = 1_000
    /// After a restart nothing is known of companions on this daemon before they were scraped and their routers were read.
    static let prepareAfterRestartMs: Int64 = 30_000
    /// A verdict that is older than this when it is found undecided takes no companion back.
    static let oldestUndecidedMs: Int64 = 600_000
    static let commitTimeoutMs: Int64 = 5_000
    /// A companion that goes and has not answered by then is reported.
    static let reportAfterMs: Int64 = 30_000

    let incident: String
    /// Another process of the daemon began it.
    let isResumed: Bool
    /// When the companions' answers are no longer waited for; nil before they are asked.
    var deadlineUptimeMs: Int64?
    /// The companions of this kernel are asked from then on: a step after that in which the router was called.
    var askingUptimeMs: Int64?
    var questions: [Errand] = []
    /// Of the decision's entry, when this process wrote it.
    var decisionSequence: UInt64?
    var isDecisionLost = false
    /// When the commits began.
    var committingUptimeMs: Int64?
    var commits: [Errand] = []
    /// Operators were notified of those that had not gone by then.
    var isLateReported = false

    init(incident: String, isResumed: Bool) { (self.incident, self.isResumed) = (incident, isResumed) }

    /// When there is something to do by time alone.
    var wakeUptimeMs: Int64? {
        if let deadlineUptimeMs { return askingUptimeMs ?? deadlineUptimeMs }
        guard !commits.isEmpty else { return nil }
        let report = isLateReported ? nil : committingUptimeMs.map { $0 + GroupProcess.reportAfterMs }
        return (commits.map(\.wakeUptimeMs) + [report]).compactMap { $0 }.filter { $0 > .min }.min()
    }

    /// What a daemon has answered; an answer to a call that is not waited for any more changes nothing.
    mutating func take(_ answer: GroupAnswer, call: Int, at now: Moment) {
        for index in questions.indices where questions[index].call?.number == call {
            (questions[index].answer, questions[index].call) = (answer, nil)
        }
        for index in commits.indices where commits[index].call?.number == call {
            (commits[index].answer, commits[index].call) = (answer, nil)
        }
    }

    /// A decision that is not on the disk is written once more.
    mutating func lost(from first: UInt64, through last: UInt64) {
        guard let decisionSequence, (first...max(first, last)).contains(decisionSequence) else { return }
        isDecisionLost = true
    }
}
