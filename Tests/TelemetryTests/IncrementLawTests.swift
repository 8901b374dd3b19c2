import Testing

@testable import Telemetry

/// A target as real exporters are. It knows what truly happened, and shows it in its own way.
struct PeculiarExporter {
    enum Mood: CaseIterable {
        case honest
        /// Its errors are another part of the scrape body, which is missing now and then.
        case comesInParts
        /// A series that does not move is dropped, and comes back when it moves.
        case dropsQuietSeries
        /// A sum over workers, of which one is missing now and then.
        case losesWorkers
        /// Bounds are spelled in another way from scrape body to body.
        case respells
        /// `_created` is the time of the scrape.
        case computesCreated
        /// The scrape body says when the exporter started, not what it exports.
        case startsLate
        /// Shows zeros until it reaches what it exports.
        case connectsLate
        /// All series get another label in the middle of their lives.
        case relabels
    }

    struct Worker {
        var good: Int
        var bad: Int
    }

    let mood: Mood
    var draw: SystemRandomNumberGenerator.Seeded
    let showsStart: Bool
    var startSeconds: Double
    var workers: [Worker] = []
    let perSecond: Int
    let badPercent: Int
    private(set) var trueRequests = 0
    private(set) var trueErrors = 0
    private var body = 0
    private var quietScrapes = [Int: Int]()
    private let oddPage: Int

    init(_ mood: Mood, seed: UInt64) {
        self.mood = mood
        draw = .init(seed)
        for _ in 0..<5 { _ = draw.next() }
        perSecond = [2, 10, 40, 300][Int(draw.next() % 4)]
        badPercent = [0, 1, 10][Int(draw.next() % 3)]
        let isShown = draw.next() % 2 == 0
        showsStart = isShown || mood == .startsLate
        oddPage = Int(5 + draw.next() % 15)
        startSeconds = 1_000
        let life = [2_000, 50_000, 3_000_000][Int(draw.next() % 3)]
        for _ in 0..<4 { workers.append(Worker(good: life, bad: life / 10)) }
    }

    private mutating func chance(_ percent: Int) -> Bool { Int(draw.next() % 100) < percent }

    /// A second passes.
    mutating func live() {
        body += 1
        for _ in 0..<(perSecond / 2 + Int(draw.next() % UInt64(perSecond + 1))) {
            let index = Int(draw.next() % UInt64(workers.count))
            let isBad = chance(badPercent)
            if isBad { workers[index].bad += 1 } else { workers[index].good += 1 }
            trueRequests += 1
            trueErrors += isBad ? 1 : 0
        }
    }

    /// - Parameter nowSeconds: wall clock.
    mutating func text(nowSeconds: Double) -> String {
        if mood == .startsLate, body == 0 { startSeconds = nowSeconds - 0.5 }
        var shown = workers
        if mood == .losesWorkers, body > 2, chance(4) { shown.remove(at: Int(draw.next() % 4)) }
        if mood == .connectsLate, body < 4 { shown = [Worker(good: 0, bad: 0)] }
        let good = shown.reduce(0) { $0 + $1.good }
        let bad = shown.reduce(0) { $0 + $1.bad }
        let label = mood == .relabels && body >= oddPage ? ",zone=\"b\"" : ""
        var text = showsStart ? "process_start_time_seconds \(startSeconds)\n" : ""
        if mood == .computesCreated { text += "requests_created{code=\"200\"\(label)} \(nowSeconds)\n" }
        let one = mood == .respells && chance(50) ? "1.0" : "1"
        text += "d_bucket{le=\"\(one)\"\(label)} \(good)\nd_bucket{le=\"+Inf\"\(label)} \(good + bad)\n"
        text += "d_count{a=\"\"\(label)} \(good + bad)\n"
        text += "requests_total{code=\"200\"\(label)} \(good)\n"
        let partIsMissing = mood == .comesInParts && (body < 3 || chance(10))
        if !partIsMissing, !isDropped(bad) { text += "requests_total{code=\"500\"\(label)} \(bad)\n" }
        return text
    }

    private mutating func isDropped(_ value: Int) -> Bool {
        guard mood == .dropsQuietSeries else { return false }
        defer { quietScrapes = [value: (quietScrapes[value] ?? 0) + 1] }
        return body < 2 || (quietScrapes[value] ?? 0) >= 2
    }
}

@Suite("Laws of increments")
struct IncrementLawTests {
    private static func reader() throws -> TargetReader {
        try TargetReader(
            watch: WatchList(
                requests: SeriesSelector(metric: "requests_total"),
                errors: try SeriesSelector(parsing: "requests_total{code=~\"5..\"}"),
                latency: SeriesSelector(metric: "d")),
            limits: ScrapeLimits())
    }

    private struct Counted {
        var requests = 0.0
        var errors = 0.0
        var latency = 0.0
        var coveredSeconds = 0.0

        mutating func add(_ reading: TargetReading) {
            requests += reading.requests ?? 0
            errors += reading.errors ?? 0
            coveredSeconds += reading.coveredSeconds ?? 0
            if case .histogram(let histogram) = reading.latency { latency += histogram.cumulative.max() ?? 0 }
        }
    }

    /// Whatever an exporter does, no more is counted than happened. A lifetime in these scrape bodies is 200 errors at
    /// least.
    @Test(arguments: PeculiarExporter.Mood.allCases)
    func aLifetimeNeverEntersAWindow(_ mood: PeculiarExporter.Mood) throws {
        for seed in 0..<80 as Range<UInt64> {
            var exporter = PeculiarExporter(mood, seed: seed)
            var reader = try Self.reader()
            var counted = Counted()
            for body in 0..<60 {
                let now = 100_000.0 + Double(body)
                let reading = try reader.read(
                    Array(exporter.text(nowSeconds: now).utf8), format: .prometheusText,
                    atUptimeMs: Int64(body) * 1_000, countNewWithin: 99_000...now)
                counted.add(reading)
                #expect((reading.errors ?? 0) <= (reading.requests ?? 0), "\(mood), seed \(seed), body \(body)")
                // A release's first ten seconds and later: never more than what happened.
                let spare = 10.0
                #expect(counted.requests <= Double(exporter.trueRequests) + spare, "\(mood), \(seed), \(body)")
                #expect(counted.errors <= Double(exporter.trueErrors) + spare, "\(mood), \(seed), \(body)")
                #expect(counted.latency <= Double(exporter.trueRequests) + spare, "\(mood), \(seed), \(body)")
                exporter.live()
            }
            // What is withheld is little: else a target would be mute.
            let most = mood == .losesWorkers ? 0.1 : 0.6
            #expect(counted.requests >= Double(exporter.trueRequests) * most, "\(mood), seed \(seed)")
        }
    }

    /// After a restart that nothing proves, each bucket reaches its old level in its own time. No body may say that more
    /// requests were slow, or failed, than did since the body before it that was counted.
    @Test(arguments: ["", "process_start_time_seconds 50\n"], [1.0, 0.75])
    func whatReturnsInPartsIsNotCounted(_ start: String, _ kept: Double) throws {
        for seed in 0..<200 as Range<UInt64> {
            var draw = SystemRandomNumberGenerator.Seeded(seed)
            for _ in 0..<5 { _ = draw.next() }
            var reader = try Self.reader()
            // Good, slow and failed requests of the process before; the next one has good ones only.
            var counts = (0..<3).map { _ in Double(300 + draw.next() % 1_500) }
            let old = counts
            var (slow, failed, reported) = (0.0, 0.0, 0.0)
            for body in 0..<80 {
                if body == 3 { counts = kept < 1 ? [old[0] * kept, old[1] * 0.5, old[2]] : [40, 0, 0] }
                if body > 0 { counts[0] += Double(60 + draw.next() % 60) }
                let all = counts.reduce(0, +)
                let text =
                    "\(start)d_bucket{le=\"0.1\"} \(counts[0])\nd_bucket{le=\"+Inf\"} \(all)\nd_count \(all)\n"
                    + "requests_total{code=\"200\"} \(all - counts[2])\n"
                    + (counts[2] > 0 ? "requests_total{code=\"500\"} \(counts[2])\n" : "")
                let reading = try reader.read(
                    Array(text.utf8), format: .prometheusText, atUptimeMs: Int64(body) * 1_000, countNewWithin: nil)
                reported += reading.requests ?? 0
                failed += reading.errors ?? 0
                if case .histogram(let histogram) = reading.latency, reading.hasCounts {
                    slow += (histogram.cumulative.last ?? 0) - (histogram.cumulative.first ?? 0)
                }
                #expect(slow <= 10, "seed \(seed), body \(body): \(slow)")
                #expect(failed <= 10, "seed \(seed), body \(body): \(failed)")
            }
            #expect(reported > 3_000, "seed \(seed): \(reported)")
        }
    }

    /// Honest scrape bodies are counted to the last request.
    @Test func honestBodiesAreCountedInFull() throws {
        for seed in 0..<100 as Range<UInt64> {
            var exporter = PeculiarExporter(.honest, seed: seed)
            var reader = try Self.reader()
            var counted = Counted()
            for body in 0..<30 {
                if body > 0 { exporter.live() }
                counted.add(
                    try reader.read(
                        Array(exporter.text(nowSeconds: 0).utf8), format: .prometheusText,
                        atUptimeMs: Int64(body) * 1_000, countNewWithin: nil))
            }
            #expect(counted.requests == Double(exporter.trueRequests), "seed \(seed)")
            #expect(counted.errors == Double(exporter.trueErrors), "seed \(seed)")
            #expect(counted.coveredSeconds == 29)
        }
    }

    /// The first errors of an instance are reported, be they ever so few, with the scrape body that brings them.
    @Test func theFirstErrorsOfAnInstanceCount() throws {
        for seed in 0..<100 as Range<UInt64> {
            var draw = SystemRandomNumberGenerator.Seeded(seed)
            var reader = try Self.reader()
            var good = Int(draw.next() % 100_000)
            for body in 0..<6 {
                good += Int(10 + draw.next() % 30)
                let bad = body == 5 ? Int(1 + draw.next() % 10) : 0
                let text =
                    "requests_total{code=\"200\"} \(good)\n"
                    + (bad > 0 ? "requests_total{code=\"500\"} \(bad)\n" : "")
                let reading = try reader.read(
                    Array(text.utf8), format: .prometheusText, atUptimeMs: Int64(body) * 1_000, countNewWithin: nil)
                #expect(body < 5 || reading.errors == Double(bad), "seed \(seed)")
            }
        }
    }

    /// Several processes behind one address: said, nothing reported from then on, and reported again when it is one.
    @Test(arguments: [true, false], [0, 40, 3_000])
    func severalProcessesAreNoEvidence(_ showsStart: Bool, _ life: Int) throws {
        for seed in 0..<80 as Range<UInt64> {
            var draw = SystemRandomNumberGenerator.Seeded(seed)
            for _ in 0..<5 { _ = draw.next() }
            var reader = try Self.reader()
            let count = Int(2 + draw.next() % 2)
            var good = (0..<count).map { ($0 + 1) * Int(UInt64(life) + draw.next() % UInt64(life + 1)) }
            var (counted, isFound, isReported) = (Counted(), false, false)
            for body in 0..<90 {
                let shown = body < 60 ? Int(draw.next() % UInt64(count)) : 0
                for index in good.indices { good[index] += Int(draw.next() % 11) }
                let start = showsStart ? "process_start_time_seconds \(1_000 + 40 * shown)\n" : ""
                let text =
                    "\(start)requests_total{code=\"200\"} \(good[shown])\n"
                    + "requests_total{code=\"500\"} \(good[shown] / 10)\n"
                let reading = try reader.read(
                    Array(text.utf8), format: .prometheusText, atUptimeMs: Int64(body) * 1_000, countNewWithin: nil)
                counted.add(reading)
                isFound = isFound || reading.isAmbiguous
                #expect(!reading.isAmbiguous || reading.requests == nil && reading.errors == nil)
                // Young processes have nearly equal counts, and then there is nothing to find.
                #expect(body != 59 || isFound || life < 3_000, "seed \(seed)")
                if body >= 80, reading.requests != nil { isReported = true }
            }
            #expect(isReported, "seed \(seed)")
            // Some five requests per second, and once what is no jump yet; not the processes' distance each time.
            #expect(counted.requests <= 60 * 11 + 300, "seed \(seed): \(counted.requests)")
            #expect(counted.errors <= 120, "seed \(seed): \(counted.errors)")
        }
    }

    /// Real restarts are counted: with a start time, and without one where the value is what the target may have done.
    @Test(arguments: [true, false])
    func restartsAreCounted(_ showsStart: Bool) throws {
        for seed in 0..<100 as Range<UInt64> {
            var draw = SystemRandomNumberGenerator.Seeded(seed)
            var reader = try Self.reader()
            var (good, truth, start, counted) = (40_000, 0, 1_000, Counted())
            for body in 0..<60 {
                if body > 5, draw.next() % (showsStart ? 12 : 60) == 0 { (good, start) = (0, 1_000 + body) }
                let more = Int(10 + draw.next() % 11)
                good += more
                if body > 0 { truth += more }
                let text =
                    (showsStart ? "process_start_time_seconds \(start)\n" : "")
                    + "requests_total{code=\"200\"} \(good)\n"
                counted.add(
                    try reader.read(
                        Array(text.utf8), format: .prometheusText, atUptimeMs: Int64(body) * 1_000,
                        countNewWithin: nil))
            }
            #expect(counted.requests <= Double(truth) && counted.requests >= Double(truth) * 0.9, "seed \(seed)")
        }
    }
}
