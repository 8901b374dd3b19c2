/// One instance's cumulative counters turned into increments.
///
/// When one counter falls, or the process reports a new start time, all of the instance's counters are taken to have
/// restarted, so that requests and bad ones always restart together: a counter that has already grown past its old value
/// would otherwise count too little.
public struct InstanceCounters: Sendable, Equatable, Codable {
    /// Cumulative requests and bad ones.
    public struct Totals: Sendable, Equatable, Codable {
        public var requests: Double
        public var bad: Double

        public init(requests: Double, bad: Double) {
            self.requests = requests
            self.bad = bad
        }
    }

    private var last: Totals?
    private var startID: Int?
    /// Restarts that were seen.
    public private(set) var restarts = 0

    public init() {}

    /// What was added since the last call; nothing at first sight, unless the process is younger than the release.
    ///
    /// - Parameters:
    ///   - startID: names the process's life (its start time); nil where it is not known.
    ///   - isYounger: the process began after the release, so its first values count in full.
    public mutating func increments(to now: Totals, startID: Int? = nil, isYounger: Bool = false) -> Totals {
        defer {
            last = now
            self.startID = startID
        }
        guard let last else { return isYounger ? now : Totals(requests: 0, bad: 0) }
        let hasFallen = now.requests < last.requests || now.bad < last.bad
        let isAnother = startID != nil && self.startID != nil && startID != self.startID
        guard hasFallen || isAnother else {
            return Totals(requests: now.requests - last.requests, bad: now.bad - last.bad)
        }
        restarts += 1
        return now
    }
}

/// Keeps bad events within requests. The values of an exposition are not read at one moment, so a request that is
/// running can be counted as bad before it is counted as a request; the excess waits for the next cycle.
public struct BadCarry: Sendable, Equatable, Codable {
    /// Bad events that wait for their requests.
    public private(set) var waiting = 0.0

    public init() {}

    /// The bad events to use with these requests: at most `requests`.
    public mutating func take(bad: Double, requests: Double) -> Double {
        let all = bad + waiting
        let used = min(all, requests)
        waiting = all - used
        return used
    }
}
