import Telemetry

/// What one target has reported that the proof of a rollback can rest on.
///
/// Counts are gathered in blocks: a block ends when every target that served has reported its requests since the block
/// began. So a target that cannot be scraped for some cycles keeps the block open, and what it served meanwhile is
/// counted when it comes back.
struct TargetSilence: Sendable, Equatable {
    /// Since the block began: requests, without those of the scrapes themselves, and the seconds in which they were
    /// counted.
    private(set) var requests = 0.0
    private(set) var seconds = 0.0
    /// Seconds that may count as silence: without the time in which a restart may hide requests.
    private(set) var creditSeconds = 0.0
    /// It has reported its requests since the block began.
    private(set) var hasReported = false
    /// At its last scrape no process listened at its address.
    private(set) var isUnreachable = false
    /// Request series that moved last.
    private(set) var movingSeries: [String] = []
    /// Seconds for which its scrape body has repeated the same values and was not known to be new; 0 for a body that is
    /// new.
    private(set) var unchangedSeconds = 0.0
    /// Seconds since its scrape body was known to be new; nil where nothing but traffic moves its numbers.
    private(set) var unrenewedSeconds: Double?

    /// It has ever reported a request, in this process of the daemon.
    private(set) var hasServed = false
    /// While the canary had traffic: what it reported, and the longest pause between two changes of its scrape body.
    private var trafficRequests = 0.0
    private var trafficSeconds = 0.0
    private var longestPauseSeconds = 0.0
    private var lastPauseSeconds = 0.0
    /// The longest pause since the last scrape that reported its counts.
    private var unreportedPauseSeconds = 0.0
    private var lastCoveredSeconds = 0.0
    /// For how long the canary has had traffic now. A pause that began before that is no sign of a scrape body that is
    /// repeated.
    private var stretchSeconds = 0.0

    /// - Parameter countsAbsence: the pool's series of requests are known, so a scrape body that shows the pool and has none of
    ///   them says that no request was served.
    mutating func take(_ reading: TargetReading, ownRequests: Double, countsAbsence: Bool = false) {
        isUnreachable = false
        guard !reading.isAmbiguous else { return }
        noteFreshness(reading)
        guard let counted = reading.requests, let covered = reading.coveredSeconds else {
            if countsAbsence, let absent = reading.absentSeconds { noteAbsence(seconds: absent) }
            return
        }
        let foreign = max(0, counted - ownRequests)
        requests += foreign
        seconds += covered
        if reading.resets == 0 { creditSeconds += covered }
        (hasReported, hasServed) = (true, hasServed || foreign > 0)
        if counted > 0 { movingSeries = reading.movingSeries }
        lastCoveredSeconds = covered
        (lastPauseSeconds, unreportedPauseSeconds) = (unreportedPauseSeconds, 0)
    }

    /// It reports no requests, in a time in which none would have been missed.
    private mutating func noteAbsence(seconds absent: Double) {
        seconds += absent
        creditSeconds += absent
        hasReported = true
        lastCoveredSeconds = absent
    }

    /// A scrape whose counts are withheld shows all the same whether its values changed.
    private mutating func noteFreshness(_ reading: TargetReading) {
        unrenewedSeconds = reading.freshness.unrenewedSeconds
        guard reading.freshness.isKnownNew else {
            let seconds = reading.freshness.secondsSinceChange ?? reading.coveredSeconds ?? 0
            return unchangedSeconds = max(unchangedSeconds, seconds)
        }
        // Only scrape bodies that were read and had not changed are a pause: a gap in the scrapes is none.
        unreportedPauseSeconds = max(unreportedPauseSeconds, unchangedSeconds)
        unchangedSeconds = 0
    }

    mutating func fail(isUnreachable: Bool) { self.isUnreachable = isUnreachable }

    mutating func beginBlock() { (requests, seconds, creditSeconds, hasReported) = (0, 0, 0, false) }

    // MARK: what it is like under traffic

    /// A cycle in which the canary had its share has ended.
    mutating func noteTraffic(requests: Double, seconds: Double) {
        trafficRequests += requests
        trafficSeconds += seconds
        stretchSeconds += seconds
        let pauseSeconds = min(lastPauseSeconds, stretchSeconds, TargetSilence.longestRenewalSeconds)
        longestPauseSeconds = max(longestPauseSeconds, pauseSeconds)
    }

    /// A cycle in which the canary need not have had any traffic has ended.
    mutating func noteNoTraffic() { stretchSeconds = 0 }

    /// Seen under traffic, and never with a request: a spare instance. What has not been seen may serve.
    var isIdle: Bool { trafficSeconds > 0 && !hasServed }

    /// An exporter that renders its scrape body only now and then repeats it for so long while it serves; 0 for one
    /// whose pauses are explained by few requests.
    var repeatedBodySeconds: Double {
        guard trafficSeconds > 0 else { return 0 }
        let expected = trafficRequests / trafficSeconds * longestPauseSeconds
        return expected >= TargetSilence.unlikelyRequests ? longestPauseSeconds : 0
    }

    /// Exporters and caches renew their scrape bodies at least once a minute. A longer pause was one of the traffic, of
    /// which the router had not reported; without a bound a proof would wait as long.
    private static let longestRenewalSeconds = 60.0

    /// A pause in which so many requests were to be expected comes by chance once in a thousand times (exp(-7)).
    private static let unlikelyRequests = 7.0

    /// So long an exporter that is known to repeat its scrape body may do so; 0 for any other. Bodies are seen once per
    /// scrape, so a pause may have been longer by two.
    var longestRepeatSeconds: Double {
        let pause = repeatedBodySeconds
        return pause > 0 ? pause + 2 * lastCoveredSeconds : 0
    }

    /// Its scrape body has been unchanged for no longer than it was under traffic, so it says nothing about now.
    var mayBeRepeated: Bool { unchangedSeconds > 0 && unchangedSeconds <= longestRepeatSeconds }

    /// Whether the silence rests in scrape bodies that may have been repeated by a cache: numbers that move without
    /// traffic have not moved for too much of it. What such a target counted is known up to its last new body.
    ///
    /// - Parameters:
    ///   - silentSeconds: the whole silence.
    ///   - neededSeconds: the part of it that is a proof.
    func isUnrenewed(silentSeconds: Double, neededSeconds: Double) -> Bool {
        guard let unrenewedSeconds, unrenewedSeconds > 0 else { return false }
        return silentSeconds - unrenewedSeconds < neededSeconds
    }
}

/// What all targets that served have reported since the block began.
struct SilenceBlock: Equatable {
    /// Requests per second, as the sum over the targets.
    let rate: Double
    /// All requests of the block, also those of a time that does not count.
    let requests: Double
    /// The time that counts, seconds: what every target covers, at most the block's own length.
    let seconds: Double
}

extension PoolState {
    /// The targets that count as serving: all but those that were seen under traffic without ever having had any.
    private var serving: [Int] {
        let busy = targets.indices.filter { !targets[$0].silence.isIdle }
        return busy.isEmpty ? Array(targets.indices) : busy
    }

    /// Targets that count as serving and have reported nothing since the block began.
    var unreported: [Target] { serving.map { targets[$0] }.filter { !$0.silence.hasReported } }

    /// Those whose scrape bodies may be repetitions of older ones.
    var possiblyRepeated: [Target] { serving.map { targets[$0] }.filter(\.silence.mayBeRepeated) }

    /// Those whose scrape bodies were not seen to be new for long enough; the parameters are the silence's, as for
    /// ``TargetSilence/isUnrenewed(silentSeconds:neededSeconds:)``.
    func unrenewed(silentSeconds: Double, neededSeconds: Double) -> [Target] {
        serving.map { targets[$0] }.filter {
            $0.silence.isUnrenewed(silentSeconds: silentSeconds, neededSeconds: neededSeconds)
        }
    }

    mutating func noteTraffic() {
        for index in targets.indices {
            guard let requests = targets[index].cycleRequests, let seconds = targets[index].cycleSeconds else {
                continue
            }
            targets[index].silence.noteTraffic(requests: requests, seconds: seconds)
        }
    }

    mutating func noteNoTraffic() { for index in targets.indices { targets[index].silence.noteNoTraffic() } }

    mutating func beginBlock() { for index in targets.indices { targets[index].silence.beginBlock() } }

    /// Requests per second that the block has reported so far, over the targets that have reported.
    var blockRate: Double {
        targets.reduce(0) { $1.silence.seconds > 0 ? $0 + $1.silence.requests / $1.silence.seconds : $0 }
    }

    /// Ends the block and begins the next one. Call when ``unreported`` is empty.
    mutating func endBlock(lengthSeconds: Double) -> SilenceBlock {
        let credit = serving.map { targets[$0].silence.creditSeconds }.min() ?? 0
        let requests = targets.reduce(0) { $0 + $1.silence.requests }
        let block = SilenceBlock(rate: blockRate, requests: requests, seconds: min(credit, lengthSeconds))
        beginBlock()
        return block
    }

    /// Up to three request series that moved last.
    var movingSeries: [String] {
        var names: [String] = []
        for target in targets {
            for name in target.silence.movingSeries where names.count < 3 && !names.contains(name) {
                names.append(name)
            }
        }
        return names
    }
}
