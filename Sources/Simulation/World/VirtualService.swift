/// One process of a service: counts what it serves and shows it as an exposition scrape body.
struct VirtualService {
    static let bounds = ["0.05", "0.1", "0.25", "0.5", "1", "2.5", "+Inf"]

    let instance: String
    let isOpenMetrics: Bool
    var isUp = true
    /// It serves nothing before this time.
    var joinsMs: Int64 = 0
    /// Answers with a scrape body that cannot be read.
    var isGarbled = false
    /// By the services' own clock, which does not jump.
    var startedWallMs: Int64
    /// Its requests are spread over so many series; each appears with its first request.
    private let paths: Int
    /// Each part is counted by itself, because only what is added to never falls: the difference of two numbers that are
    /// rounded may, and a counter that falls is a restart.
    private var served = 0.0
    private var failed = 0.0
    private var fast = 0.0
    private var slow = 0.0
    /// How its scrape body comes about.
    var exporter = VirtualExporter()
    /// For the checkers, which know the truth.
    var record = TrafficRecord()

    init(instance: String, isOpenMetrics: Bool, startedWallMs: Int64, paths: Int) {
        self.instance = instance
        self.paths = paths
        self.isOpenMetrics = isOpenMetrics
        self.startedWallMs = startedWallMs
    }

    mutating func restart(wallMs: Int64) {
        startedWallMs = wallMs
        (served, failed, fast, slow) = (0, 0, 0, 0)
        isUp = true
    }

    /// A long life before the release was watched.
    mutating func live(requests count: Double, errorShare: Double = 0) {
        serve(count, errorShare: errorShare, slowShare: 0)
    }

    mutating func serve(_ count: Double, errorShare: Double, slowShare: Double) {
        served += count * (1 - errorShare)
        failed += count * errorShare
        fast += count * (1 - slowShare)
        slow += count * slowShare
        record.serve(count)
    }

    /// The scrape body as it is shown at a moment.
    mutating func body(atMs now: Int64, wallMs: Int64) -> [UInt8] {
        if isGarbled { return Array("http_requests_total{code=\"200\" 12\n<html>".utf8) }
        if let cached = exporter.cachedBody(atMs: now) { return cached }
        let truth = VirtualExporter.Counts(
            served: served, failed: failed, fast: fast, slow: slow, startedWallMs: startedWallMs)
        let counts = exporter.counts(truth, wallMs: wallMs)
        let body = body(counts, wallMs: wallMs)
        exporter.show(body, atMs: now)
        return body
    }

    private mutating func body(_ counts: VirtualExporter.Counts, wallMs: Int64) -> [UInt8] {
        let computesCreated = exporter.mood == .computesCreated
        let started = VirtualService.seconds(counts.startedWallMs)
        var text = "# TYPE process_start_time_seconds gauge\nprocess_start_time_seconds \(started)\n"
        if computesCreated { text = "" }
        text += "# TYPE http_requests\(isOpenMetrics ? "" : "_total") counter\n"
        let good = Int(counts.served)
        for path in 0..<paths {
            // Whole requests, so that the series add up.
            let count = good / paths + (path < good % paths ? 1 : 0)
            if count > 0 || path == 0 { text += "http_requests_total{code=\"200\",path=\"/\(path)\"} \(count)\n" }
        }
        let bad = Int(counts.failed)
        if bad >= 1, exporter.showsErrors(bad) { text += "http_requests_total{code=\"500\"} \(bad)\n" }
        if computesCreated {
            text += "http_requests_created{code=\"200\",path=\"/0\"} \(VirtualService.seconds(wallMs))\n"
        }
        text += latencies(fast: Int(counts.fast), slow: Int(counts.slow))
        return Array((isOpenMetrics ? text + "# EOF\n" : text).utf8)
    }

    /// Half of the fast requests end within 50 ms, all within 100 ms; slow ones within 2.5 s.
    private func latencies(fast: Int, slow: Int) -> String {
        var text = "# TYPE http_request_duration_seconds histogram\n"
        for (index, bound) in VirtualService.bounds.enumerated() {
            let below = index == 0 ? fast / 2 : index < 5 ? fast : fast + slow
            let shown = isOpenMetrics && bound == "1" ? "1.0" : bound
            text += "http_request_duration_seconds_bucket{le=\"\(shown)\"} \(below)\n"
        }
        text += "http_request_duration_seconds_sum \(Double(fast) * 0.06 + Double(slow) * 1.8)\n"
        return text + "http_request_duration_seconds_count \(fast + slow)\n"
    }

    /// As a scrape body says a time.
    private static func seconds(_ wallMs: Int64) -> String {
        let (seconds, rest) = wallMs.quotientAndRemainder(dividingBy: 1_000)
        return "\(seconds).\(String(rest + 1_000).dropFirst())"
    }
}
