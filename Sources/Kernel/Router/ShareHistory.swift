import Model

/// Whether the canary's share of the traffic was the same for a whole stretch of time, as far as the polls of the router
/// show.
///
/// A change is seen by the first poll after it. From there on the share counts as settled when a poll shows the same share
/// on all instances, or the same shares as the poll before: instances that differ for good split the traffic evenly over
/// time all the same.
struct ShareHistory: Sendable, Equatable {
    /// Basis points per instance, as last shown. Never iterated over.
    private var shown: [String: Int] = [:]
    private var isSettled = true
    /// When the share last became settled after a change; nil while it has not changed.
    private var settledUptimeMs: Int64?

    /// Takes in a poll. An instance that does not report its share keeps the one that it reported last.
    mutating func take(_ observations: [RouterObservation], atUptimeMs now: Int64) {
        var hasChanged = false
        for observation in observations {
            guard let share = observation.canaryBasisPoints else { continue }
            if let before = shown[observation.instance], before != share { hasChanged = true }
            shown[observation.instance] = share
        }
        let shares = Set(observations.compactMap(\.canaryBasisPoints))
        if hasChanged {
            isSettled = shares.count == 1
            settledUptimeMs = now
        } else if !isSettled {
            isSettled = true
            settledUptimeMs = now
        }
    }

    /// What was counted from then on was counted with one share.
    func isSettled(sinceUptimeMs start: Int64) -> Bool {
        guard isSettled else { return false }
        return settledUptimeMs.map { $0 <= start } ?? true
    }

    /// A release begins: what the share was before does not matter.
    mutating func begin() { (isSettled, settledUptimeMs) = (true, nil) }
}
