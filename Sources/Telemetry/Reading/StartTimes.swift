/// When the counting began, as far as one scrape body says. Seconds since the epoch.
struct StartTimes: Equatable {
    /// The oldest `process_start_time_seconds`.
    private(set) var process: Double?
    /// The oldest `_created` of a watched metric.
    private(set) var created: Double?

    mutating func add(_ seconds: Double, isCreated: Bool) {
        guard seconds.isFinite, seconds > 0 else { return }
        if isCreated { created = min(created ?? seconds, seconds) } else { process = min(process ?? seconds, seconds) }
    }

    /// The oldest of all.
    var oldest: Double? {
        guard let process, let created else { return process ?? created }
        return min(process, created)
    }
}

/// Follows the start times of one target's scrape bodies.
struct StartHistory {
    private var last = StartTimes()
    /// `_created` moved while nothing fell: it is computed at each scrape and proves nothing.
    private var isCreatedComputed = false
    /// Scrape bodies since the last reset on which the start time moved while the counters continued to rise. After
    /// three it is computed at each scrape. Bodies in which nothing rises prove neither: idle processes show equal
    /// counts.
    private var lonelyMoves = 0
    /// Scrape bodies in a row that showed a later process whose counts may all be of the time since the body before.
    private var shortProcesses = 0

    /// Each scrape body shows another process.
    var areShort: Bool { shortProcesses >= Self.mostLonelyMoves }

    /// What a scrape body says about the process since the body before.
    func process(_ starts: StartTimes) -> CountingBase.Process {
        if let now = starts.process, lonelyMoves < Self.mostLonelyMoves {
            guard let before = last.process else { return .unknown }
            if now - before > Self.toleranceSeconds { return .later }
            if before - now > Self.toleranceSeconds { return .earlier }
            // The start time may be a side-car's, while the application restarts beside it.
            return isCreatedLater(starts) ? .createdLater : .same
        }
        guard (starts.process == nil && last.process == nil) || !isTrusted, isCreatedLater(starts) else {
            return .unknown
        }
        return .createdLater
    }

    /// The same process answers, as far as `_created` says.
    func isCreatedUnchanged(_ starts: StartTimes) -> Bool {
        guard !isCreatedComputed, let now = starts.created else { return false }
        return now == last.created
    }

    private func isCreatedLater(_ starts: StartTimes) -> Bool {
        guard !isCreatedComputed, let now = starts.created, let before = last.created else { return false }
        return now > before
    }

    /// The process's start time is one, as far as is known.
    var isTrusted: Bool { lonelyMoves < Self.mostLonelyMoves }

    /// - Parameters:
    ///   - base: what was found out of the scrape body.
    ///   - hasRisen: a counter rose.
    mutating func took(_ starts: StartTimes, _ base: CountingBase, hasRisen: Bool) {
        let (process, hasReset) = (process(starts), base.resets > 0)
        // A process that is so young may have counted all that it shows since the scrape body before.
        if process == .later, !hasReset, base.restarted?.isUnknown ?? false, !base.hasContinued {
            shortProcesses = min(shortProcesses + 1, Self.mostLonelyMoves)
            return last = StartTimes(process: starts.process, created: starts.created ?? last.created)
        }
        shortProcesses = 0
        if process == .createdLater, !hasReset { isCreatedComputed = true }
        if lonelyMoves < Self.mostLonelyMoves {
            let hasMoved = process == .later || process == .earlier
            if hasReset { lonelyMoves = 0 } else if hasMoved, hasRisen { lonelyMoves += 1 }
        }
        if starts.process != nil { last = StartTimes(process: starts.process, created: last.created) }
        if starts.created != nil { last = StartTimes(process: last.process, created: starts.created) }
    }

    private static let mostLonelyMoves = 3

    /// Start times that are computed from an uptime tremble by a second.
    static let toleranceSeconds = 1.0
}
