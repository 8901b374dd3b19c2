/// Recognises that more than one process answers at an address: start times that return to an earlier one, or counters
/// that fall again and again without a restart. One such fall may be an aggregator that missed a worker.
struct ProcessWatch {
    private struct Start {
        let seconds: Double
        var scrape: UInt64
    }

    /// Start times of the last scrape bodies, the present one last.
    private var starts: [Start] = []
    /// Scrapes on which a counter fell or came back, or an earlier start was shown.
    private var swings: [UInt64] = []
    private var ambiguousUntil: UInt64 = 0

    /// - Parameters:
    ///   - hasSwung: a counter fell without a proof of a restart, or came back, or another process's counts were shown.
    ///   - isConsistent: the counters just kept rising. Then a start time that returns is one that is computed again at
    ///   each scrape.
    ///   - scrape: the scrape body's number.
    /// - Returns: whether the target is several processes. It is one again after ten calm bodies.
    mutating func read(processStart: Double?, hasSwung: Bool, isConsistent: Bool, scrape: UInt64) -> Bool {
        if hasSwung {
            swings.append(scrape)
            swings.removeAll { $0 + Self.memory < scrape }
        }
        let hasReturned = processStart.map { returns(to: $0, scrape: scrape) } ?? false
        if hasReturned && !isConsistent || swings.count >= Self.mostSwings && hasSwung {
            ambiguousUntil = scrape + Self.calmScrapes
        }
        return scrape < ambiguousUntil
    }

    private mutating func returns(to seconds: Double, scrape: UInt64) -> Bool {
        starts.removeAll { $0.scrape + Self.memory < scrape }
        let tolerance = StartHistory.toleranceSeconds
        if let last = starts.last, abs(last.seconds - seconds) <= tolerance {
            starts[starts.count - 1] = Start(seconds: seconds, scrape: scrape)
            return false
        }
        let known = starts.firstIndex { abs($0.seconds - seconds) <= tolerance / 2 }
        if let known { starts.remove(at: known) }
        starts.append(Start(seconds: seconds, scrape: scrape))
        if starts.count > Self.mostStarts { starts.removeFirst() }
        return known != nil
    }

    private static let mostSwings = 3
    private static let calmScrapes: UInt64 = 10
    private static let memory: UInt64 = 20
    private static let mostStarts = 8
}
