import Foundation
import Telemetry

/// What a demo service counts, and its exposition.
struct ServiceMetrics {
    private struct Answer: Hashable {
        let code: Int
        let method: String
    }

    let version: String
    let instance: String
    private let startSeconds = Date().timeIntervalSince1970
    private var answers: [Answer: Int] = [:]
    private var durations = HistogramCounts(bounds: MetricFamily.durations.bounds)
    private var bytesSent = 0
    /// Requests that are being answered now.
    var inFlight = 0

    init(version: String, instance: String) {
        self.version = version
        self.instance = instance
    }

    mutating func record(code: Int, method: String, seconds: Double, bytes: Int) {
        answers[Answer(code: code, method: method), default: 0] += 1
        durations.observe(seconds)
        bytesSent += bytes
    }

    /// The exposition in text format 0.0.4.
    func page() -> String {
        var samples = MetricSamples()
        // A service without requests yet exports a zero: otherwise its exposition would have no such metric.
        let counted = answers.isEmpty ? [Answer(code: 200, method: "GET"): 0] : answers
        for (answer, count) in counted.sorted(by: { ($0.key.code, $0.key.method) < ($1.key.code, $1.key.method) }) {
            samples.add(.requests, ["\(answer.code)", answer.method], Double(count))
        }
        samples.add(.durations, [], durations)
        samples.add(.inFlight, [], Double(inFlight))
        samples.add(.bytesSent, [], Double(bytesSent))
        samples.add(.startTime, [], startSeconds)
        addUnrelated(to: &samples)
        return samples.text(MetricFamily.ofTheService)
    }

    /// Series that every service has and that no rule of the demo uses: a scrape has to skip them.
    private func addUnrelated(to samples: inout MetricSamples) {
        samples.add(.maxFiles, [], 1024)
        samples.add(.cacheEntries, ["prices"], 512)
        samples.add(.cacheEntries, ["sessions"], 2048)
        samples.add(.build, [version, instance], 1)
    }
}

extension MetricFamily {
    fileprivate static let requests = MetricFamily(
        "http_requests_total", .counter, ["code", "method"], "Requests answered.")
    /// The default buckets of the Prometheus client libraries.
    fileprivate static let durations = MetricFamily(
        "http_request_duration_seconds", .histogram([0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]), [],
        "Time from the request's head to the end of its answer.")
    fileprivate static let inFlight = MetricFamily(
        "http_requests_in_flight", .gauge, [], "Requests being answered now.")
    fileprivate static let bytesSent = MetricFamily(
        "http_response_size_bytes_total", .counter, [], "Body bytes sent.")
    fileprivate static let startTime = MetricFamily(
        "process_start_time_seconds", .gauge, [], "Start time since the Unix epoch in seconds.")
    fileprivate static let maxFiles = MetricFamily(
        "process_max_fds", .gauge, [], "Maximum number of open file descriptors.")
    fileprivate static let cacheEntries = MetricFamily("cache_entries", .gauge, ["cache"], "Entries per cache.")
    fileprivate static let build = MetricFamily(
        "service_build_info", .gauge, ["version", "instance_name"], "The running build.")

    fileprivate static let ofTheService = [
        requests, durations, inFlight, bytesSent, startTime, maxFiles, cacheEntries, build,
    ]
}
