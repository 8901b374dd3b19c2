/// A number that moves whether or not there is traffic, so it reports a scrape body that was renewed from one that a
/// cache repeats.
enum LifeSign {
    /// It moves with time or with each scrape.
    case clock
    /// CPU time: a scrape costs some, but perhaps less than the number shows.
    case cpu

    /// Metrics of the client libraries (Go, Python, Java, Node.js), of Micrometer, and of exporters that routers have.
    static let metrics: [(name: String, sign: LifeSign)] = [
        ("process_cpu_seconds_total", .cpu), ("go_memstats_alloc_bytes_total", .clock),
        ("go_memstats_mallocs_total", .clock), ("promhttp_metric_handler_requests_total", .clock),
        ("process_uptime_seconds", .clock), ("haproxy_process_uptime_seconds", .clock),
        ("envoy_server_uptime", .clock), ("node_time_seconds", .clock),
    ]

    /// More series of them are not followed: a scrape body that federates many targets has thousands.
    static let mostSeries = 16
}

/// What one scrape body shows of them, as sums; nil where it has none.
struct LifeSignReading: Equatable {
    private(set) var clock: Double?
    private(set) var cpuSeconds: Double?

    mutating func add(_ value: Double, _ sign: LifeSign) {
        guard value.isFinite else { return }
        switch sign {
        case .clock: clock = (clock ?? 0) + value
        case .cpu: cpuSeconds = (cpuSeconds ?? 0) + value
        }
    }
}

/// Learns whether a target's life signs move, and says for how long its scrape body has shown no sign of being new.
struct LifeWatch {
    private var last = LifeSignReading()
    /// Scrapes on which the clock had moved.
    private var clockMoves = 0
    /// The longest time between two moves of the clock: exporters may renew their bodies only now and then.
    private var longestPauseSeconds = 0.0
    private var clockStillSeconds = 0.0
    private var stillSeconds = 0.0
    /// What the requests have cost.
    private var events = 0.0
    private var cpuSeconds = 0.0
    private var showsFractions = false

    /// The body is the one of some time ago, although its clock has always advanced.
    var isStale: Bool {
        clockMoves >= Self.knownMoves && clockStillSeconds > max(Self.resolutionSeconds, 2 * longestPauseSeconds)
    }

    mutating func forget() { (last, stillSeconds, clockStillSeconds) = (LifeSignReading(), 0, 0) }

    /// - Parameters:
    ///   - hasMoved: a watched counter has another value than on the scrape before.
    ///   - events: requests since the scrape before.
    ///   - seconds: since the scrape before.
    /// - Returns: seconds since the last scrape whose body was new for certain; nil where nothing on it is known to move
    ///   without traffic.
    mutating func read(_ now: LifeSignReading, hasMoved: Bool, events: Double, seconds: Double) -> Double? {
        let (clockMoved, cpuMoved) = (now.clock != last.clock, now.cpuSeconds != last.cpuSeconds)
        noteClock(now, hasMoved: clockMoved, seconds)
        if let cpu = now.cpuSeconds, let before = last.cpuSeconds, hasMoved, cpu >= before {
            self.events += events
            cpuSeconds += cpu - before
        }
        if let cpu = now.cpuSeconds, cpu != cpu.rounded() { showsFractions = true }
        last = now
        stillSeconds = hasMoved || clockMoved || cpuMoved ? 0 : stillSeconds + seconds
        let clockIsEvidence = now.clock != nil && clockMoves >= Self.knownMoves
        return clockIsEvidence || now.cpuSeconds != nil && cpuIsEvidence(scrapeSeconds: seconds) ? stillSeconds : nil
    }

    private mutating func noteClock(_ now: LifeSignReading, hasMoved: Bool, _ seconds: Double) {
        guard now.clock != nil, last.clock != nil else { return clockStillSeconds = 0 }
        guard hasMoved else { return clockStillSeconds += seconds }
        if clockMoves > 0 {
            longestPauseSeconds = max(longestPauseSeconds, min(clockStillSeconds + seconds, Self.longestPauseSeconds))
        }
        clockMoves = min(clockMoves + 1, Self.knownMoves)
        clockStillSeconds = 0
    }

    /// Whether the scrapes of a minute cost so much that the CPU time has to move: a scrape costs about what a request does,
    /// but hardly more than a cheap one.
    private func cpuIsEvidence(scrapeSeconds: Double) -> Bool {
        guard showsFractions, events >= Self.knownEvents, scrapeSeconds > 0 else { return false }
        let perScrape = min(cpuSeconds / events, Self.mostCPUSecondsPerScrape)
        return 60 / scrapeSeconds * perScrape >= Self.certainMoves * Self.cpuResolutionSeconds
    }

    private static let knownMoves = 3
    /// Some clocks show whole seconds.
    private static let resolutionSeconds = 1.5
    private static let longestPauseSeconds = 60.0
    private static let knownEvents = 50.0
    private static let mostCPUSecondsPerScrape = 0.002
    /// The kernel shows a process's CPU time in steps of 10 ms.
    private static let cpuResolutionSeconds = 0.01
    /// None of so many expected moves: by chance once in a thousand times (exp(-7)).
    private static let certainMoves = 7.0
}
