import Model

/// Whether the router could be used if it were needed now, as far as polls of it can show.
struct RouterHealth: Sendable, Equatable {
    /// What a poll changes.
    enum Change: Equatable {
        /// The first poll that finds the router unusable.
        case failed(problem: String)
        /// So many polls in a row found it unusable while it is needed.
        case unusable(problem: String, polls: Int)
        /// It can be used again, after it was reported as unusable.
        case usable
    }

    /// A poll that fails may be a hiccup; after so many in a row people are notified.
    private static let reportedPolls = 3

    /// Polls in a row that failed, were not answered, or found that a change would be refused.
    private var failedPolls = 0
    /// What the last poll found; nil when the router can be used, or was not polled yet.
    private(set) var problem: String?
    /// A poll has been answered, or was given up.
    private(set) var isPolled = false
    /// People know that it cannot be used.
    var isReported = false

    /// Takes in what a poll found. An unusable router is found while nothing depends on it yet.
    ///
    /// - Parameters:
    ///   - problem: why a change could not be made now; nil when nothing speaks against it.
    ///   - isNeeded: a rollback may need it at any time.
    mutating func take(_ problem: String?, isNeeded: Bool) -> Change? {
        isPolled = true
        self.problem = problem
        failedPolls = problem == nil ? 0 : failedPolls + 1
        guard let problem else {
            defer { isReported = false }
            return isReported ? .usable : nil
        }
        if failedPolls == 1 { return .failed(problem: problem) }
        guard isNeeded, !isReported, failedPolls >= RouterHealth.reportedPolls else { return nil }
        isReported = true
        return .unusable(problem: problem, polls: failedPolls)
    }

    /// Another router: nothing is known of it. A problem that was reported is still to be resolved.
    mutating func forget() { (failedPolls, problem, isPolled) = (0, nil, false) }
}
