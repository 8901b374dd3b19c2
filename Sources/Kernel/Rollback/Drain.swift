import Model

/// The steps before everything is taken out, as a rollback remembers them. What they do is in `ReleaseState+Drain.swift`.
struct Drain: Sendable, Equatable {
    var record: DrainRecord
    /// When the present step was begun.
    var begunUptimeMs: Int64
    /// Since when every instance has shown the step's share, or less.
    var inPlaceSinceUptimeMs: Int64?
    /// The share that was asked for since the last look; nil when none was.
    var askedBasisPoints: Int?
    /// Times that somebody has put the canary back while a step stood.
    var putBacks = 0
    /// Cycles in a row in which the baseline did badly.
    var troubledCycles = 0
    /// Cycles in a row in which no target of the canary could be scraped.
    var blindCycles = 0
    /// When people were last told that it is held; nil since a restart.
    var toldUptimeMs: Int64?
    /// The same by the journal's entry.
    var toldWallMs: Int64?
    /// Set when the rest is not to wait for its pauses, but a call to the router is still in flight (it must not be overtaken
    /// by the next one) or the intent is not on the disk yet.
    var cutShortBecause: String?

    /// It stands, or stood, in the router: one look that fails does not say otherwise.
    var isStanding: Bool { inPlaceSinceUptimeMs != nil || record.isHeld }

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

    mutating func next() {
        record.step += 1
        (record.remark, record.isHeld) = (nil, false)
        (inPlaceSinceUptimeMs, askedBasisPoints) = (nil, nil)
    }

    mutating func skipToLast(because reason: String) {
        record.step = record.sharesBasisPoints.count
        (record.remark, record.isHeld) = (reason, false)
    }

    mutating func hold(because reason: String, at now: Moment) {
        (record.remark, record.isHeld) = (reason, true)
        (toldUptimeMs, toldWallMs) = (now.uptimeMs, now.wallMs)
    }

    /// Whether people have to be told once more of a step that is held: every half hour, and after a restart, because an
    /// answer to the last report may have been lost with the process. Restarts in a row do not repeat it within a minute.
    func isReminderDue(at now: Moment) -> Bool {
        if let toldUptimeMs { return now.uptimeMs - toldUptimeMs >= 1_800_000 }
        guard let toldWallMs else { return true }
        return now.wallMs < toldWallMs || now.wallMs - toldWallMs >= 60_000
    }

    /// What the instances show, compared with what the step wants.
    enum Place: Equatable {
        /// Nobody gives the canary more than the step allows.
        case inPlace
        /// Some give it more. The share to ask for gives nobody's canary more than it has.
        case above(ask: Int)
        /// Some cannot be read; what the others tell is not more than the step allows.
        case unread
        /// Some have much less than the step's share, or cannot be read, while others have more: no share is right for all.
        case mixed
    }

    /// Routers count in whole weights: half a percent more than was asked for is the step all the same.
    private static let roundingBasisPoints = 50

    func place(of observations: [RouterObservation]) -> Place {
        let shares = observations.compactMap(\.canaryBasisPoints)
        let isWhole = shares.count == observations.count
        guard let largest = shares.max(), let smallest = shares.min() else { return .unread }
        let wanted = record.shareBasisPoints
        if largest <= wanted + Drain.roundingBasisPoints { return isWhole ? .inPlace : .unread }
        return isWhole && smallest >= wanted / 2 ? .above(ask: min(wanted, smallest)) : .mixed
    }
}
