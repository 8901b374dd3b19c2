import Model
import SystemSupport
import Telemetry

/// One target whose samples a server has: reads its scrapes in the order of time with the laws of counting that scrapes have,
/// and keeps the last values.
struct ServerTarget {
    /// When an answer was made.
    struct Moments {
        /// The server's clock, milliseconds since the epoch, at the time `uptimeMs` of this process.
        let serverMs: Int64
        let uptimeMs: Int64
        let watchedSinceUptimeMs: Int64?

        /// The time of a sample by the clock of this process.
        func uptimeMs(of timeMs: Int64) -> Int64 { uptimeMs - max(0, serverMs - timeMs) }
    }

    /// What a cycle says of the target.
    struct Result {
        var outcome: ScrapeReport.Outcome
        /// Of the newest sample; nil without one.
        var sampledUptimeMs: Int64?
        var origin: SampleOrigin?
        /// Lines for the log.
        var news: [String] = []
    }

    let pool: Pool
    /// In its pool, in the plan's order.
    var index: Int
    let instance: String
    /// The pool's own matchers.
    private let filter: SeriesFilter
    private let watch: WatchList
    private let needsPercentiles: Bool
    private let limits: ScrapeLimits
    private var reader: TargetReader
    private var lastMs: Int64?
    private var lastUptimeMs: Int64?
    /// Only a process that started after this is new: when the server was first asked, or the last scrape before a gap.
    private var knownSinceUptimeMs: Int64?
    private(set) var intervalMs: Int64?
    private var replica: String?
    /// Of the scrape that was read last, without its counts.
    private var lastReading = TargetReading()
    private var notes = RecentNotes()
    private var warnings: [String] = []
    private var examined: [Bool] = []
    private var hasFailed: Bool?

    init(pool: Pool, index: Int, target: TargetPlan, release: ReleasePlan) throws {
        self.pool = pool
        self.index = index
        instance = target.instance
        filter = try SeriesFilter(release.pool(pool).match)
        watch = release.indicators(of: pool)
        needsPercentiles = release.usesPercentiles
        limits = release.scrape.limits
        reader = try TargetReader(watch: watch, limits: release.scrape.limits, readsOwnScrapes: true)
    }

    /// - Parameters:
    ///   - series: of the target, all copies.
    ///   - maxAgeMs: samples that are older say nothing about now.
    ///   - untilMs: scrapes after this time of the server's clock wait for a later cycle.
    mutating func read(
        _ series: [ServerSeries], maxAgeMs: Int64, untilMs: Int64 = .max, at moments: Moments
    ) -> Result {
        let taken = series.filter { filter.takes($0.labels, onlyPresent: Self.aboutTarget.contains($0.name)) }
        let (own, replica) = SeriesCopies.ofOneReplica(taken, kept: replica)
        self.replica = replica
        let samples = InstanceSamples(own)
        intervalMs = samples.intervalMs ?? intervalMs
        let origin = samples.timesMs.last.map {
            SampleOrigin(ageMs: max(0, moments.serverMs - $0), intervalMs: intervalMs)
        }
        var result = Result(outcome: .failure(""), origin: origin)
        if let reason = problem(own, samples, origin, maxAgeMs: maxAgeMs) {
            result.outcome = .failure(reason)
        } else {
            result.outcome = outcome(samples, untilMs: untilMs, at: moments)
            result.sampledUptimeMs = lastUptimeMs
        }
        result.news = news(result.outcome)
        return result
    }

    /// Series that describe the target: they need not have the labels of its requests.
    private static let aboutTarget: Set<String> = ["up", "process_start_time_seconds"]

    /// The server gave no answer that can be used.
    mutating func fail(_ reason: String) -> Result {
        var result = Result(outcome: .failure(reason))
        result.news = news(result.outcome)
        return result
    }

    /// The next sample is a base, also of a process that has begun since the last one.
    mutating func startOver(atUptimeMs now: Int64) {
        reader.forget()
        knownSinceUptimeMs = now
    }

    private func problem(
        _ series: [ServerSeries], _ samples: InstanceSamples, _ origin: SampleOrigin?, maxAgeMs: Int64
    ) -> String? {
        guard let origin else { return "the server has no sample of \(instance)" }
        let jobs = SeriesCopies.jobs(series)
        guard jobs.count <= 1 else {
            return
                "the server scrapes \(instance) in several jobs (\(jobs.prefix(3).joined(separator: ", "))), so that each "
                + "request would be counted as often; choose one with 'match', for example match: {job: \(jobs[0])}"
        }
        guard samples.isUp != false else { return "the server cannot scrape \(instance): 'up' is 0" }
        guard origin.ageMs <= maxAgeMs else {
            return
                "the newest sample of \(instance) is \(origin.ageMs / 1_000) s old, and older than \(maxAgeMs / 1_000) s "
                + "says nothing about now"
        }
        return nil
    }

    private mutating func outcome(
        _ samples: InstanceSamples, untilMs: Int64, at moments: Moments
    ) -> ScrapeReport.Outcome {
        var whole: TargetReading?
        for timeMs in samples.newTimesMs(after: lastMs, serverMs: moments.serverMs, untilMs: untilMs) {
            let body = samples.body(atMs: timeMs)
            do throws(ExpositionError) {
                let reading = try read(body, timeMs: timeMs, at: moments)
                whole = whole?.followed(by: reading) ?? reading
            } catch { return .failure("the samples of \(instance): \(error)") }
            examine(whole, body)
        }
        guard let whole else { return .success(lastReading, warnings: warnings + texts([], moments)) }
        remember(whole)
        return .success(whole, warnings: warnings + texts(whole.notes, moments))
    }

    private mutating func read(
        _ body: [UInt8], timeMs: Int64, at moments: Moments
    ) throws(ExpositionError) -> TargetReading {
        // The offset of the server's clock is measured in each cycle, to some milliseconds.
        let uptimeMs = max(moments.uptimeMs(of: timeMs), (lastUptimeMs ?? .min) &+ 1)
        if let last = lastUptimeMs, uptimeMs - last > Self.staleAfterMs {
            reader.forget()
            knownSinceUptimeMs = last
        }
        let knownMs = knownSinceUptimeMs ?? moments.uptimeMs
        knownSinceUptimeMs = knownMs
        let sampled = Moment(uptimeMs: uptimeMs, wallMs: timeMs)
        let reading = try reader.read(
            body, format: .prometheusText, atUptimeMs: uptimeMs,
            countNewWithin: moments.watchedSinceUptimeMs.map {
                NewProcesses.started(sinceUptimeMs: max($0, knownMs), at: sampled)
            })
        (lastMs, lastUptimeMs) = (timeMs, uptimeMs)
        return reading
    }

    /// After a longer gap the last values are too old to count from, as for scrapes.
    private static let staleAfterMs: Int64 = 300_000

    /// What a cycle without a new scrape reports: the same series, and no counts.
    private mutating func remember(_ reading: TargetReading) {
        lastReading = reading
        (lastReading.requests, lastReading.errors, lastReading.latency) = (nil, nil, .absent)
        (lastReading.coveredSeconds, lastReading.absentSeconds, lastReading.resets) = (nil, nil, 0)
        lastReading.freshness = BodyFreshness(isKnownNew: false, secondsSinceChange: 0)
        (lastReading.notes, lastReading.movingSeries) = ([], [])
        lastReading.signals = reading.signals.map { if case .gauge = $0 { $0 } else { .absent } }
    }

    /// A selector that matches nothing is examined when what matches changes.
    private mutating func examine(_ reading: TargetReading?, _ body: [UInt8]) {
        guard let matches = reading?.matches else { return }
        let fed = [matches.requests > 0, matches.errors > 0, matches.latency > 0] + matches.signals.map { $0 > 0 }
        guard fed != examined else { return }
        examined = fed
        warnings = IndicatorDiagnosis.findings(
            watch, matches: matches, body: body, format: .prometheusText, needsPercentiles: needsPercentiles)
    }

    private mutating func texts(_ new: [ReadingNote], _ moments: Moments) -> [String] {
        notes.texts(adding: new, atUptimeMs: moments.uptimeMs)
    }

    private mutating func news(_ outcome: ScrapeReport.Outcome) -> [String] {
        let name = "\(pool.rawValue) \(instance)"
        let before = hasFailed
        switch outcome {
        case .failure(let reason):
            hasFailed = true
            return before == true ? [] : ["\(name) has no samples that can be used: \(reason)"]
        case .success:
            hasFailed = false
            return before == true ? ["\(name) has samples again"] : []
        }
    }
}
