import Model

/// The share of the step in force, and what other clients do to it. Lower is let be, higher is set back at once.
struct ShareWatch: Sendable, Equatable {
    /// What a poll of the router asks for.
    enum Finding: Equatable {
        case inPlace
        case nothing
        /// An instance gives more than the step: set it back; for the second time within ten minutes, a halt as well.
        case above(isRepeated: Bool)
        /// All instances give less, and not nothing: another client lowered it.
        case lowered
        /// Nothing anywhere for three polls.
        case zeroEverywhere
        /// Some instances give less for three polls, as after a restart: set it again.
        case restarted
        /// The same for the fourth time within ten minutes.
        case restartedTooOften
    }

    private static let memoryMs: Int64 = 600_000
    private static let polls = 3

    private var pollsAtZero = 0
    private var pollsMixed = 0
    private var correctedUptimeMs: [Int64] = []
    private var restoredUptimeMs: [Int64] = []

    mutating func judge(
        _ observations: [RouterObservation], basisPoints: Int, granularity: Int, isBeingSetBack: Bool, at now: Int64
    ) -> Finding {
        if observations.areAbove(basisPoints: basisPoints) {
            if isBeingSetBack { return .above(isRepeated: false) }
            correctedUptimeMs = recent(correctedUptimeMs, at: now) + [now]
            return .above(isRepeated: correctedUptimeMs.count > 1)
        }
        if observations.areInPlace(basisPoints: basisPoints, granularity: granularity) {
            (pollsAtZero, pollsMixed) = (0, 0)
            return .inPlace
        }
        if observations.showNothing, basisPoints > 0 {
            pollsAtZero += 1
            return pollsAtZero == ShareWatch.polls ? .zeroEverywhere : .nothing
        }
        if observations.areAllBelow(basisPoints: basisPoints, granularity: granularity) { return .lowered }
        guard observations.areSomeBelow(basisPoints: basisPoints, granularity: granularity) else { return .nothing }
        pollsMixed += 1
        guard pollsMixed >= ShareWatch.polls else { return .nothing }
        pollsMixed = 0
        restoredUptimeMs = recent(restoredUptimeMs, at: now) + [now]
        return restoredUptimeMs.count > 3 ? .restartedTooOften : .restarted
    }

    private func recent(_ times: [Int64], at now: Int64) -> [Int64] {
        times.filter { now - $0 < ShareWatch.memoryMs }.suffix(10)
    }
}
