import Model

/// What is known of the schema that a release's versions share, by readings that repeat while the daemon runs.
///
/// A verdict waits for no reading: it uses the last one. One that is too old says nothing.
struct SchemaWatch: Sendable, Equatable {
    /// Readings that may fail in a row before what the last good one said is given up.
    private static let patience: Int64 = 3

    private struct Reading: Sendable, Equatable {
        let report: SchemaReport
        let uptimeMs: Int64
    }

    private var call: RouterCall?
    private var nextUptimeMs = Int64.min
    /// The last reading that worked.
    private var last: Reading?
    /// Why the last reading failed; nil when it did not.
    private(set) var problem: String?
    /// Operators were notified that the way back is closed, and not yet that it is not.
    var isReported = false
    /// The same for a canary that has traffic without its schema.
    var isBreachReported = false

    /// - Returns: the number of the reading that is due now; nil for none.
    mutating func due(_ gate: SchemaGate, _ context: inout StepContext) -> Int? {
        let now = context.now.uptimeMs
        if let call, now >= call.expiresUptimeMs { note("it was not read in time", gate, at: now) }
        guard call == nil, now >= nextUptimeMs else { return nil }
        let number = context.newCall()
        call = RouterCall(number: number, expiresUptimeMs: now + gate.timeoutMs + 5_000)
        return number
    }

    /// - Returns: whether the answer is to the reading that is on its way.
    mutating func take(call number: Int, _ report: SchemaReport, _ gate: SchemaGate, at now: Int64) -> Bool {
        guard call?.number == number else { return false }
        if case .unreadable(let reason) = report {
            note(reason, gate, at: now)
        } else {
            (last, problem, call, nextUptimeMs) = (Reading(report: report, uptimeMs: now), nil, nil, now + gate.everyMs)
        }
        return true
    }

    private mutating func note(_ reason: String, _ gate: SchemaGate, at now: Int64) {
        (problem, call, nextUptimeMs) = (reason, nil, now + gate.everyMs)
    }

    /// Another gate, or none: nothing is known.
    mutating func forget() {
        var empty = SchemaWatch()
        (empty.isReported, empty.isBreachReported) = (isReported, isBreachReported)
        self = empty
    }

    init() {}

    /// What the last reading that is not too old says; nil before the first answer.
    func report(_ gate: SchemaGate, at now: Int64) -> SchemaReport? {
        let limitMs = SchemaWatch.patience * gate.everyMs + gate.timeoutMs
        if let last, now - last.uptimeMs <= limitMs { return last.report }
        return problem.map(SchemaReport.unreadable)
    }

    func answer(_ gate: SchemaGate, version: String, at now: Int64) -> SchemaAnswer {
        report(gate, at: now).map { gate.answer(to: $0, version: version) } ?? .unknown("the schema was not read yet")
    }
}
