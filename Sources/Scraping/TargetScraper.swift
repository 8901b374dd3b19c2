import Model
import Ports
import Support
import Synchronization
import SystemSupport
import Telemetry

/// Scrapes one target and turns its scrape body into a report. Keeps the target's last values between scrapes.
actor TargetScraper {
    /// What a scraper was made from: while it is unchanged by a reload, the scraper is kept.
    struct Identity: Hashable, Sendable {
        let release: String
        let pool: Pool
        let instance: String

        var inOtherPool: Identity {
            Identity(release: release, pool: pool == .baseline ? .canary : .baseline, instance: instance)
        }
    }

    let pool: Pool
    let target: TargetPlan
    let scrape: ScrapePlan
    let watch: WatchList
    /// Of ``ScrapeLanes``.
    let lane: Int
    private let request: HTTPRequest
    private let transport: any HTTPTransport
    private let clock: any DaemonClock
    private var reader: TargetReader
    private let layoutCache: LayoutCache
    /// Every plan gives a new one.
    private let otherPool = Mutex<OtherPool?>(nil)
    /// The path and the query of the target, which an endpoint has beside its address.
    private let identity: EndpointIdentity
    /// The series matched when the scrape body was searched for series that both pools take.
    private var searched: TargetReading.Matches?
    private var sharedSeries: String?
    private let scratches: ScratchPool
    /// The one that was last searched for in the cache.
    private var shelved: ExpositionLayout?
    /// Nil where the target is one instance.
    private var parts: InstanceParts?
    private var understood: (contentType: String?, format: ExpositionFormat)?
    private var lastReadUptimeMs: Int64?
    private var ownScrapes = OwnScrapes()
    /// How long the last answer took that came in time.
    private var usualMs: Int64 = 0
    /// Only a process that started after this is new: when the watch began, or the last scrape before a gap.
    private var knownSinceUptimeMs: Int64
    /// One of the first targets of its pool: its scrape body is examined as a whole. The others' bodies are alike.
    private let isExample: Bool
    private let needsPercentiles: Bool
    let versionLabel: VersionLabel?
    let instanceLabel: String?
    /// Which indicators the scrape body fed when it was examined.
    private var examined: [Bool] = []
    private var warnings: [String] = []
    private var notes = RecentNotes()
    private var lastCondition = Condition.up([])

    init(
        pool: Pool, target: TargetPlan, release: ReleasePlan, place: (lane: Int, transport: any HTTPTransport),
        clock: any DaemonClock, layoutCache: LayoutCache, scratches: ScratchPool
    ) throws {
        self.pool = pool
        self.target = target
        scrape = release.scrape
        watch = release.indicators(of: pool)
        identity = target.identity
        lane = place.lane
        transport = place.transport
        self.clock = clock
        self.layoutCache = layoutCache
        self.scratches = scratches
        knownSinceUptimeMs = clock.now.uptimeMs
        isExample = release.pool(pool).targets.prefix(TargetScraper.examples).contains(target)
        needsPercentiles = release.usesPercentiles
        versionLabel = release.rollout?.versionLabel
        instanceLabel = release.pool(pool).instanceLabel
        request = ScrapeRequest.make(target: target, scrape: release.scrape)
        reader = try TargetReader(watch: release.indicators(of: pool), limits: release.scrape.limits)
        parts = release.pool(pool).instanceLabel.map {
            InstanceParts(label: $0, watch: release.indicators(of: pool), limits: release.scrape.limits)
        }
    }

    nonisolated func know(_ other: OtherPool) { otherPool.withLock { $0 = other } }

    /// An answer, or why there is none, and when it arrived. Two scrapers read the same one where a scrape body has
    /// both pools.
    struct Fetched: Sendable {
        fileprivate var answer: Swift.Result<HTTPResponse, TransportError>
        fileprivate let at: Moment
    }

    /// Asks for the scrape body. Never throws: what went wrong is the report.
    ///
    /// - Parameter timeoutMs: at most the plan's.
    func fetch(timeoutMs: Int64) async -> Fetched {
        var request = request
        request.timeoutMs = timeoutMs
        let askedUptimeMs = clock.now.uptimeMs
        ownScrapes.attempt()
        do throws(TransportError) {
            let response = try await transport.send(request)
            return Fetched(
                answer: .success(response), at: bodyTime(askedUptimeMs: askedUptimeMs, timeoutMs: timeoutMs))
        } catch {
            return Fetched(answer: .failure(error), at: clock.now)
        }
    }

    /// Reads the scrape body.
    func read(_ fetched: Fetched, watchedSinceUptimeMs: Int64?, staleAfterMs: Int64) -> Result {
        switch fetched.answer {
        case .failure(let error):
            var result = result(.failure("\(error)"), bodyBytes: 0)
            if case .connectFailed = error { result.isUnreachable = true }
            return result
        case .success(let response):
            if let last = lastReadUptimeMs, fetched.at.uptimeMs - last > staleAfterMs {
                reader.forget()
                parts?.forget()
                knownSinceUptimeMs = last
            }
            let outcome = read(response, at: fetched.at, watchedSinceUptimeMs: watchedSinceUptimeMs)
            var result = result(outcome, bodyBytes: response.body.count)
            if let versionLabel {
                result.version = LabelLookup.value(
                    ofLabel: versionLabel.label, metric: versionLabel.metric, in: response.body)
            }
            if case .success(let reading, _) = outcome, parts != nil {
                result.instances = divide(response, reading, at: fetched.at, watchedSinceUptimeMs: watchedSinceUptimeMs)
            }
            guard pool == .canary, case .success(let reading, _) = outcome else { return result }
            let attempts = ownScrapes.scrapesSinceRead
            result.ownRequests = ownScrapes.read(requests: reading.requests)
            result.isWorthATry = ownScrapes.isWorthATry(requests: reading.requests, attempts: attempts)
            return result
        }
    }

    /// What was counted elsewhere meanwhile is not counted again: the next scrape is a base.
    func startOver() {
        reader.forget()
        parts?.forget()
        (knownSinceUptimeMs, lastReadUptimeMs) = (clock.now.uptimeMs, nil)
    }

    /// The memory of an answer that is no longer needed goes back to the transport.
    nonisolated func giveBack(_ fetched: consuming Fetched) {
        guard case .success(var response) = fetched.answer else { return }
        fetched.answer = .failure(.closed)
        transport.reuse(response.takeBody())
    }

    /// Scrapes once more at once, to see whether the counter counts that. The request that it adds is ours, so what the
    /// scrape body says is not reported.
    ///
    /// - Parameter timeoutMs: what is left of the scrape's own time; nothing is sent where it is too short.
    func tryOwnScrapes(timeoutMs: Int64) async {
        guard timeoutMs >= TargetScraper.leastTryMs else { return }
        var request = request
        request.timeoutMs = timeoutMs
        ownScrapes.attempt()
        guard var response = try? await transport.send(request) else { return }
        if case .success(let reading, _) = read(response, at: clock.now, watchedSinceUptimeMs: nil),
            (reading.coveredSeconds ?? 1) * 1_000 < Double(TargetScraper.leastTryMs)
        {
            ownScrapes.tried(requests: reading.requests)
        }
        transport.reuse(response.takeBody())
    }

    /// In less time than this no user comes by chance, and a second scrape needs so much.
    private static let leastTryMs: Int64 = 100

    /// When the scrape body was rendered, as far as can be known: when it arrived. An answer that seems to have taken
    /// longer than its timeout arrived in time, while this process was not running (it was stopped, or the machine was
    /// asleep): the body is as old as the request then, and its counts cover the time up to that.
    private func bodyTime(askedUptimeMs: Int64, timeoutMs: Int64) -> Moment {
        var now = clock.now
        let tookMs = now.uptimeMs - askedUptimeMs
        guard tookMs > timeoutMs + TargetScraper.wakingUpMs else {
            usualMs = tookMs
            return now
        }
        let sinceMs = tookMs - min(usualMs, timeoutMs)
        now.uptimeMs -= sinceMs
        now.wallMs -= sinceMs
        return now
    }

    private static let examples = 20

    /// A busy machine may take so long to run the task whose answer has come.
    private static let wakingUpMs: Int64 = 200

    struct Result: Sendable {
        let outcome: ScrapeReport.Outcome
        let bodyBytes: Int
        /// Lines for the log.
        let news: [String]
        /// No connection could be made.
        var isUnreachable = false
        /// Of the reading's requests, those that the scrapes made.
        var ownRequests = 0.0
        /// Which version the target says that it runs.
        var version: String?
        /// Of a proxy, its instances.
        var instances: [InstanceReading] = []
        /// Another scrape at once would show whether the counter counts scrapes.
        var isWorthATry = false
    }

    private func result(_ outcome: ScrapeReport.Outcome, bodyBytes: Int) -> Result {
        // A cancelled scrape says nothing about its target.
        Result(outcome: outcome, bodyBytes: bodyBytes, news: Task.isCancelled ? [] : news(of: outcome))
    }

    /// Lines for the log when something has changed: a target is lost or back, a selector matches nothing. A target that
    /// stays as it is says nothing, or a night with a broken target would bury the rest.
    private func news(of outcome: ScrapeReport.Outcome) -> [String] {
        let condition: Condition =
            switch outcome {
            case .success(_, let warnings): .up(warnings)
            case .failure: .down
            }
        defer { lastCondition = condition }
        guard condition != lastCondition else { return [] }
        let name = "\(pool.rawValue) \(target.instance)"
        switch outcome {
        case .failure(let reason): return ["\(name) cannot be scraped: \(reason)"]
        case .success(_, let warnings):
            let isBack = lastCondition == .down ? ["\(name) can be scraped again"] : []
            let known = if case .up(let known) = lastCondition { known } else { [String]() }
            return isBack + warnings.filter { !known.contains($0) }.map { "\(name): \($0)" }
        }
    }

    private enum Condition: Equatable {
        case up([String])
        case down
    }

    private func read(
        _ response: HTTPResponse, at now: Moment, watchedSinceUptimeMs: Int64?
    ) -> ScrapeReport.Outcome {
        guard response.status == 200 else { return .failure("\(address) answered with status \(response.status)") }
        do {
            let format = try format(of: response)
            if let reason = CutScrapeBody.reason(response, format: format) {
                return .failure("the scrape body of \(address) \(reason)")
            }
            let reading = try read(
                response.body, format: format, at: now,
                countNewWithin: watchedSinceUptimeMs.map {
                    NewProcesses.started(sinceUptimeMs: max($0, knownSinceUptimeMs), at: now)
                })
            lastReadUptimeMs = now.uptimeMs
            if let reason = sharedReason(response, format: format, matches: reading.matches) {
                return .failure(reason)
            }
            warn(reading, body: response.body, format: format)
            return .success(reading, warnings: warnings + notes.texts(adding: reading.notes, atUptimeMs: now.uptimeMs))
        } catch {
            return .failure("the scrape body of \(address): \(error)")
        }
    }

    private func divide(
        _ response: HTTPResponse, _ reading: TargetReading, at now: Moment, watchedSinceUptimeMs: Int64?
    ) -> [InstanceReading] {
        guard let format = understood?.format else { return [] }
        return parts?.read(
            response.body, format: format, atUptimeMs: now.uptimeMs,
            countNewWithin: watchedSinceUptimeMs.map {
                NewProcesses.started(sinceUptimeMs: max($0, knownSinceUptimeMs), at: now)
            }, matches: reading.matches) ?? []
    }

    /// A target says the same with every scrape body, so it is understood once.
    private func format(of response: HTTPResponse) throws(ExpositionError) -> ExpositionFormat {
        let contentType = response.header("Content-Type")
        if let known = understood, known.contentType == contentType { return known.format }
        let format = try ExpositionFormat(contentType: contentType, fallback: scrape.fallbackFormat)
        understood = (contentType, format)
        return format
    }

    /// By the layout of the target's scrape body, where it has one, which it shares with others.
    private func read(
        _ body: [UInt8], format: ExpositionFormat, at now: Moment, countNewWithin: ClosedRange<Double>?
    ) throws(ExpositionError) -> TargetReading {
        var scratch = scratches.take()
        defer { scratches.giveBack(scratch) }
        let reading = try reader.read(
            body, format: format, atUptimeMs: now.uptimeMs, countNewWithin: countNewWithin, scratch: &scratch,
            layouts: layoutCache.offer(isNew: reader.isNew),
            oldestTimestampMs: scrape.oldestSampleMs.map { now.wallMs - $0 })
        if reader.layout !== shelved {
            if let layout = reader.layout { reader.share(layoutCache.shared(layout)) }
            shelved = reader.layout
        }
        return reading
    }

    /// Why a scrape body that can be read must not be compared.
    private func sharedReason(
        _ response: HTTPResponse, format: ExpositionFormat, matches: TargetReading.Matches
    ) -> String? {
        guard let other = otherPool.withLock({ $0 }) else { return nil }
        var twins: SameEndpointWatch?
        if let peer = response.peer {
            let endpoint = EndpointWatch.Endpoint(peer: peer, path: identity.path, query: identity.query)
            twins = other.endpoints.watch(of: target.instance, in: pool, at: endpoint)
        }
        if let otherWatch = other.watch {
            guard other.hasSameTarget || twins != nil else { return nil }
            return sharedSeriesReason(otherWatch, response.body, format: format, matches: matches)
        }
        if let sameEndpoint = other.sameEndpoint, let twin = twin(sameEndpoint, response.body, format: format) {
            return
                "\(target.instance) has the same counters as \(otherPoolName) \(twin): the exporter ignores the query, so "
                + "both pools would be compared with themselves; give both one address and each pool its own 'match', "
                + "such as match: {server: new1}"
        }
        guard let twins, let twin = twin(twins, response.body, format: format) else { return nil }
        return "\(target.instance) has the same counters as \(otherPoolName) \(twin), and both lead to "
            + "\(response.peer ?? ""): they are one service, which would be compared with itself; give each pool targets of "
            + "its own"
    }

    private func twin(_ watch: SameEndpointWatch, _ body: [UInt8], format: ExpositionFormat) -> String? {
        guard let counter = self.watch.requests ?? self.watch.errors,
            let total = SeriesTotal(of: counter, in: body, format: format)
        else { return nil }
        return watch.twin(of: target.instance, in: pool, total: total)
    }

    /// The scrape body is searched when other series match, and while there is something to find.
    private func sharedSeriesReason(
        _ other: WatchList, _ body: [UInt8], format: ExpositionFormat, matches: TargetReading.Matches
    ) -> String? {
        if searched != matches || sharedSeries != nil {
            searched = matches
            sharedSeries = SharedSeries.first(of: watch, and: other, in: body, format: format)
        }
        return sharedSeries.map { series in
            "the 'match' of both pools takes \(series.prefix(200)), which would be compared with itself; make them exclude "
                + "each other"
        }
    }

    private var otherPoolName: String { (pool == .baseline ? Pool.canary : .baseline).rawValue }

    private var address: String { Redaction.url(target.url) }

    /// A selector that can never match is how a rule sees nothing for ever. The scrape body is examined when what it
    /// feeds changes, not in each scrape.
    private func warn(_ reading: TargetReading, body: [UInt8], format: ExpositionFormat) {
        let matches = reading.matches
        let fed = [matches.requests > 0, matches.errors > 0, matches.latency > 0] + matches.signals.map { $0 > 0 }
        guard fed != examined else { return }
        examined = fed
        let isMissing = watch.requests != nil && !fed[0] || watch.latency != nil && !fed[2]
        guard isExample || isMissing else { return warnings = [] }
        warnings = IndicatorDiagnosis.findings(
            watch, matches: matches, body: body, format: format, needsPercentiles: needsPercentiles)
    }
}
