import Model

/// What the router says of the baseline's servers.
extension ReleaseState {
    /// Whether the instances that give the canary traffic say that the baseline has no healthy server to take it over.
    ///
    /// An instance without canary traffic is not asked: nothing of its traffic will move. An instance whose share is not known
    /// is asked. Where no instance gives the canary anything, all of them have to agree.
    static func saysBaselineIsAway(_ observations: [RouterObservation]) -> Bool {
        let carrying = observations.filter { $0.canaryBasisPoints != 0 }
        guard carrying.isEmpty else { return carrying.contains { $0.baselineHealthy == false } }
        return !observations.isEmpty && observations.allSatisfy { $0.baselineHealthy == false }
    }
}

/// Whether the router could be used if it were needed now, as far as polls of it can show.
struct RouterHealth: Sendable, Equatable {
    /// Polls in a row that failed, were not answered, or found that a change would be refused.
    private(set) var failedPolls = 0
    /// What the last poll found; nil when the router can be used, or was not polled yet.
    private(set) var problem: String?
    /// A poll has been answered, or was given up.
    private(set) var isPolled = false
    /// People know that it cannot be used.
    var isReported = false

    mutating func note(_ problem: String?) {
        isPolled = true
        self.problem = problem
        failedPolls = problem == nil ? 0 : failedPolls + 1
    }

    /// Another router: nothing is known of it. What people were told is still to be taken back.
    mutating func forget() { (failedPolls, problem, isPolled) = (0, nil, false) }
}

extension ReleaseState {
    /// A poll that fails may be a hiccup; after so many in a row people are notified.
    private static let reportedPolls = 3

    /// Takes in what a poll says of the router itself. An unusable router is found while nothing depends on it yet.
    mutating func notePoll(_ observations: [RouterObservation], _ context: inout StepContext) {
        noteRouter(problem: ReleaseState.problem(in: observations), &context)
    }

    /// The same for a poll that was never answered.
    mutating func noteUnansweredPoll(_ context: inout StepContext) {
        noteRouter(problem: "the router did not answer within \(callLimitMs / 1_000) s", &context)
    }

    private mutating func noteRouter(problem: String?, _ context: inout StepContext) {
        routerHealth.note(problem)
        guard let problem else { return routerRecovered(&context) }
        if routerHealth.failedPolls == 1 {
            context.log(.warning, name, "the router cannot be used: \(problem)")
        }
        guard isRouterNeeded, !routerHealth.isReported, routerHealth.failedPolls >= ReleaseState.reportedPolls else {
            return
        }
        routerHealth.isReported = true
        let sequence = context.record(.routerUnusable(reason: problem), release: name)
        context.log(.error, name, "the router cannot be used, \(routerHealth.failedPolls) polls in a row: \(problem)")
        tellOfRouter(
            .routerUnusable, sequence,
            "\(name): the router cannot be used: \(problem). A rollback would not get through; fix it now.", &context)
    }

    /// While the canary has no traffic, while it has all of it for good, and while a rollback reports its calls itself,
    /// the log is enough.
    private var isRouterNeeded: Bool {
        switch phase {
        case .watching, .rolledBack: true
        case .idle: isCanaryServing
        case .rollingBack, .promoted: false
        }
    }

    private mutating func routerRecovered(_ context: inout StepContext) {
        guard routerHealth.isReported else { return }
        routerHealth.isReported = false
        let sequence = context.record(.routerUsable, release: name)
        context.log(.info, name, "the router can be used again")
        tellOfRouter(.routerRecovered, sequence, "\(name): the router can be used again", &context)
    }

    private func tellOfRouter(
        _ event: Notification.Event, _ sequence: UInt64, _ summary: String, _ context: inout StepContext
    ) {
        context.notify(
            notification(event, sequence: sequence, at: context.now, summary: summary, isDryRun: context.isDryRun))
    }

    /// Why a change could not be made now, instance by instance; nil when nothing speaks against it. An instance whose
    /// driver has no read-back (level `none`) is usable, although the driver's remark says that it has none.
    static func problem(in observations: [RouterObservation]) -> String? {
        if observations.isEmpty { return "no instance of it was polled" }
        let unusable = observations.filter { one in
            let isUnreadable = one.canaryBasisPoints == nil && one.level != .none
            return isUnreadable || one.isWritable == false
        }
        guard !unusable.isEmpty else { return nil }
        return unusable.map { "\($0.instance): \($0.problem ?? "no share is reported")" }.joined(separator: "; ")
    }
}
