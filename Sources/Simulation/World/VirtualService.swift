/// One process of a service: counts what it serves and shows it as an exposition page.
struct VirtualService {
    static let bounds = ["0.05", "0.1", "0.25", "0.5", "1", "2.5", "+Inf"]

    let instance: String
    let isOpenMetrics: Bool
    var isUp = true
    /// Answers with a page that cannot be read.
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

    /// A long life before anybody looked.
    mutating func live(requests count: Double) { serve(count, errorShare: 0, slowShare: 0) }

    mutating func serve(_ count: Double, errorShare: Double, slowShare: Double) {
        served += count * (1 - errorShare)
        failed += count * errorShare
        fast += count * (1 - slowShare)
        slow += count * slowShare
        record.serve(count)
    }

    var page: [UInt8] {
        if isGarbled { return Array("http_requests_total{code=\"200\" 12\n<html>".utf8) }
        var text = "# TYPE process_start_time_seconds gauge\nprocess_start_time_seconds \(startedText)\n"
        text += "# TYPE http_requests\(isOpenMetrics ? "" : "_total") counter\n"
        let good = Int(served)
        for path in 0..<paths {
            // Whole requests, so that the series add up.
            let count = good / paths + (path < good % paths ? 1 : 0)
            if count > 0 || path == 0 { text += "http_requests_total{code=\"200\",path=\"/\(path)\"} \(count)\n" }
        }
        if failed >= 1 { text += "http_requests_total{code=\"500\"} \(Int(failed))\n" }
        text += latencies(fast: Int(fast), slow: Int(slow))
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

    private var startedText: String {
        let (seconds, rest) = startedWallMs.quotientAndRemainder(dividingBy: 1_000)
        return "\(seconds).\(String(rest + 1_000).dropFirst())"
    }
}
