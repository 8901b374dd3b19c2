import Model
import Ports

/// What a caller may rely on, whichever router it is. Each is checked by itself, on a bench of its own.
package enum RouterFact: String, Sendable, CaseIterable {
    /// Every share is set, read back and really held; doing it again changes nothing.
    case applyIsAbsoluteAndIdempotent
    /// The weights of a stepped release read back as what was set, or less by at most the router's smallest step.
    case stepsAreSetAndNeverExceeded
    /// What is read back is what the router has, not what was asked; with the level that was promised.
    case observeReportsWhatTheRouterHas
    /// One result per instance, in the plan's order, from every call.
    case resultsComeInTheOrderOfTheInstances
    /// The calls are named for each instance, differ with the split, and planning them changes nothing.
    case planNamesTheCallsAndMakesNone
    /// A call without time ends at once, with a result per instance.
    case noTimeLeftEndsAtOnce
    /// A name that the router does not have is never taken for a rollback that worked, and never gives the canary more.
    case wrongNamesAreNeverTakenForSuccess
    /// Without the right nothing changes, the outcome is `rejected`, and the text says why.
    case wrongCredentialsAreRejected
    /// A lost instance is reported as such, and the others are moved and read all the same.
    case aLostInstanceDoesNotHoldUpTheOthers
    /// An instance that never answers is `unknown` or `unreachable` when its time is over; the others are done.
    case aHangingInstanceEndsWithItsTime
    /// A change whose answer is lost is `unknown`, and a read-back shows its effect.
    case aLostAnswerIsUnknown
    /// A refusal is `rejected` with the router's message, a broken router is not `accepted`.
    case refusalsAreReported
    /// What is no answer is no share.
    case rubbishIsNoShare
    /// A router that says yes and does nothing is found out by the read-back.
    case aLieIsFoundOut
    /// A router that shows an old state is believed, not corrected by what was asked.
    case aStaleReadIsReportedAsItIs
    /// Writes of another client at the same time: a rollback wins or says `conflict`, and never claims what is not so.
    case aConflictIsWonOrReported
    /// At no moment do both pools have nothing.
    case neverNothingForBoth
    /// Where the router can report that the baseline has no healthy server, the driver says so.
    case aDeadBaselineIsReported
    /// A restart with the shipped configuration is seen, and setting the split again puts it right.
    case aRestartIsSeenAndPutRight
    /// No secret comes out, whatever happens.
    case noSecretComesOut
}

/// What came of a check.
package enum RouterFinding: Sendable, Equatable {
    case holds
    /// The bench has no way to find out; the text says what it lacks.
    case notCheckable(String)
    /// Each text is one thing that is not as promised.
    case broken([String])
}

extension RouterFact {
    /// Sets the router up as the fact needs it, makes the calls, and compares.
    ///
    /// - Throws: what the bench throws; the bench is not to be used any more then.
    package func check(on bench: RouterBench) async throws -> RouterFinding {
        var log = FindingLog(bench: bench)
        switch self {
        case .applyIsAbsoluteAndIdempotent: try await log.absolute()
        case .stepsAreSetAndNeverExceeded: try await log.steps()
        case .observeReportsWhatTheRouterHas: try await log.honest()
        case .resultsComeInTheOrderOfTheInstances: await log.order()
        case .planNamesTheCallsAndMakesNone: try await log.planning()
        case .noTimeLeftEndsAtOnce: await log.noTime()
        case .wrongNamesAreNeverTakenForSuccess: try await log.wrongNames()
        case .wrongCredentialsAreRejected: try await log.wrongCredentials()
        case .aLostInstanceDoesNotHoldUpTheOthers: try await log.lostInstance()
        case .aHangingInstanceEndsWithItsTime: try await log.hangingInstance()
        case .aLostAnswerIsUnknown: try await log.lostAnswer()
        case .refusalsAreReported: try await log.refusals()
        case .rubbishIsNoShare: try await log.rubbish()
        case .aLieIsFoundOut: try await log.lie()
        case .aStaleReadIsReportedAsItIs: try await log.stale()
        case .aConflictIsWonOrReported: try await log.conflict()
        case .neverNothingForBoth: try await log.neverNothing()
        case .aDeadBaselineIsReported: try await log.deadBaseline()
        case .aRestartIsSeenAndPutRight: try await log.restart()
        case .noSecretComesOut: try await log.secrets()
        }
        return log.finding
    }
}

/// Collects what is not as promised, while a fact is checked.
struct FindingLog {
    let bench: RouterBench
    private(set) var broken: [String] = []
    private(set) var lacking: String?

    init(bench: RouterBench) { self.bench = bench }

    var finding: RouterFinding {
        if !broken.isEmpty { return .broken(broken) }
        return lacking.map { .notCheckable($0) } ?? .holds
    }

    var driver: any RouterDriver { bench.driver }
    var instances: Range<Int> { 0..<driver.instances.count }

    mutating func expect(_ isTrue: Bool, _ otherwise: String) {
        if !isTrue { broken.append(otherwise) }
    }

    mutating func lacks(_ what: String) { lacking = what }

    /// Brings a mood about; false (and noted) when the bench cannot.
    mutating func set(_ mood: RouterMood, on instance: Int) async throws -> Bool {
        guard let setMood = bench.setMood, mood == .well || bench.moods.contains(mood) else {
            lacks("a router that \(mood.rawValue)")
            return false
        }
        try await setMood(instance, mood)
        return true
    }

    func apply(_ basisPoints: Int, _ driver: (any RouterDriver)? = nil) async -> [RouterReceipt] {
        await (driver ?? self.driver).apply(Split(canaryBasisPoints: basisPoints), timeoutMs: bench.timeoutMs)
    }

    func observe(_ driver: (any RouterDriver)? = nil) async -> [RouterObservation] {
        await (driver ?? self.driver).observe(timeoutMs: bench.timeoutMs)
    }

    /// A share between the ends.
    var someShare: Int { bench.shares.first { (1..<10_000).contains($0) } ?? 5_000 }

    /// Sets every instance and wants it taken.
    mutating func set(all basisPoints: Int) async {
        let receipts = await apply(basisPoints)
        expect(receipts.allSatisfy { $0.outcome == .accepted }, "setting \(basisPoints): \(receipts)")
    }

    func held() async throws -> [Int] {
        var found: [Int] = []
        for instance in instances { found.append(try await bench.held(instance)) }
        return found
    }
}
