/// The steps before everything is taken out, as a rollback remembers them. What they do is in `ReleaseState+Drain.swift`.
struct Drain: Sendable, Equatable {
    var record: DrainRecord
    /// When the present step was begun.
    var begunUptimeMs: Int64
    /// Since when every instance has shown the step's share, or less.
    var inPlaceSinceUptimeMs: Int64?
    /// The step's share was asked for since the last look.
    var isAsked = false
    /// Set when the rest is not to wait for its pauses, but a call to the router is still in flight: it must not be
    /// overtaken by the next one.
    var cutShortBecause: String?

    /// Nil when there is nothing to do in steps: no share between what the canary has and nothing.
    init?(steps: [Int], shareBefore: Int, atUptimeMs: Int64) {
        var shares: [Int] = []
        for gone in steps {
            let kept = shareBefore * max(0, 10_000 - gone) / 10_000
            if kept > 0, kept < shares.last ?? shareBefore { shares.append(kept) }
        }
        guard !shares.isEmpty else { return nil }
        self.init(restoring: DrainRecord(sharesBasisPoints: shares), atUptimeMs: atUptimeMs)
    }

    /// What another process left. The step's time begins anew.
    init(restoring record: DrainRecord, atUptimeMs: Int64) {
        self.record = record
        begunUptimeMs = atUptimeMs
    }

    mutating func next(atUptimeMs: Int64) {
        record.step += 1
        (record.remark, record.isHeld) = (nil, false)
        begunUptimeMs = atUptimeMs
        inPlaceSinceUptimeMs = nil
        isAsked = false
    }

    mutating func beginAgain(atUptimeMs: Int64) {
        begunUptimeMs = atUptimeMs
        inPlaceSinceUptimeMs = nil
    }

    mutating func skipToLast(because reason: String) {
        record.step = record.sharesBasisPoints.count
        (record.remark, record.isHeld) = (reason, false)
    }

    mutating func hold(because reason: String) { (record.remark, record.isHeld) = (reason, true) }

    /// What the instances show, compared with what the step wants.
    enum Place: Equatable {
        /// Nobody gives the canary more than the step allows.
        case inPlace
        /// Everybody gives it as much or more.
        case above
        /// Some cannot be read; what the others tell is not more than the step allows.
        case unread
        /// Some have less than the step's share, or cannot be read, while others have more: to set it could give traffic back
        /// to the canary.
        case mixed
    }

    /// Routers count in whole weights: half a percent more than was asked for is the step all the same.
    private static let roundingBasisPoints = 50

    func place(of observations: [RouterObservation]) -> Place {
        let shares = observations.compactMap(\.canaryBasisPoints)
        let isWhole = shares.count == observations.count
        guard let largest = shares.max(), let smallest = shares.min() else { return .unread }
        if largest <= record.shareBasisPoints + Drain.roundingBasisPoints { return isWhole ? .inPlace : .unread }
        return isWhole && smallest >= record.shareBasisPoints ? .above : .mixed
    }
}
