import Foundation

/// What a demo service counts, and the page it shows.
struct ServiceMetrics {
    /// The default buckets of the Prometheus client libraries, in seconds, as they print them.
    private static let bounds: [(seconds: Double, text: String)] = [
        (0.005, "0.005"), (0.01, "0.01"), (0.025, "0.025"), (0.05, "0.05"), (0.1, "0.1"), (0.25, "0.25"),
        (0.5, "0.5"), (1, "1"), (2.5, "2.5"), (5, "5"), (10, "10"),
    ]

    private struct Answer: Hashable {
        let code: Int
        let method: String
    }

    let version: String
    let instance: String
    private let startSeconds = Date().timeIntervalSince1970
    private var answers: [Answer: Int] = [:]
    private var buckets = [Int](repeating: 0, count: bounds.count)
    private var durationSum = 0.0
    private var durationCount = 0
    private var bytesSent = 0
    /// Requests that are being answered now.
    var inFlight = 0

    init(version: String, instance: String) {
        self.version = version
        self.instance = instance
    }

    mutating func record(code: Int, method: String, seconds: Double, bytes: Int) {
        answers[Answer(code: code, method: method), default: 0] += 1
        if let first = Self.bounds.firstIndex(where: { seconds <= $0.seconds }) { buckets[first] += 1 }
        durationSum += seconds
        durationCount += 1
        bytesSent += bytes
    }

    /// The page in text format 0.0.4.
    func page() -> String {
        // A service that has served nobody yet shows a zero, or its page would have no such metric.
        let counted = answers.isEmpty ? [Answer(code: 200, method: "GET"): 0] : answers
        let requests = counted.sorted { ($0.key.code, $0.key.method) < ($1.key.code, $1.key.method) }
            .map { "http_requests_total{code=\"\($0.key.code)\",method=\"\($0.key.method)\"} \($0.value)" }
        return
            ([
                "# HELP http_requests_total Requests answered.", "# TYPE http_requests_total counter",
            ] + requests + histogram() + ordinary() + [""]).joined(separator: "\n")
    }

    private func histogram() -> [String] {
        var lines = [
            "# HELP http_request_duration_seconds Time from the request's head to the end of its answer.",
            "# TYPE http_request_duration_seconds histogram",
        ]
        var cumulative = 0
        for (bound, count) in zip(Self.bounds, buckets) {
            cumulative += count
            lines.append("http_request_duration_seconds_bucket{le=\"\(bound.text)\"} \(cumulative)")
        }
        lines.append("http_request_duration_seconds_bucket{le=\"+Inf\"} \(durationCount)")
        lines.append("http_request_duration_seconds_sum \(durationSum)")
        lines.append("http_request_duration_seconds_count \(durationCount)")
        return lines
    }

    /// Series that every service has and no rule of the demo asks for: a scrape must step over them.
    private func ordinary() -> [String] {
        let build = "version=\"\(escaped(version))\",instance_name=\"\(escaped(instance))\""
        return [
            "# HELP http_requests_in_flight Requests being answered now.", "# TYPE http_requests_in_flight gauge",
            "http_requests_in_flight \(inFlight)",
            "# HELP http_response_size_bytes_total Body bytes sent.", "# TYPE http_response_size_bytes_total counter",
            "http_response_size_bytes_total \(bytesSent)",
            "# HELP process_start_time_seconds Start time since the Unix epoch in seconds.",
            "# TYPE process_start_time_seconds gauge", "process_start_time_seconds \(startSeconds)",
            "# HELP process_max_fds Maximum number of open file descriptors.", "# TYPE process_max_fds gauge",
            "process_max_fds 1024",
            "# HELP cache_entries Entries per cache.", "# TYPE cache_entries gauge",
            "cache_entries{cache=\"prices\"} 512", "cache_entries{cache=\"sessions\"} 2048",
            "# HELP service_build_info The running build.", "# TYPE service_build_info gauge",
            "service_build_info{\(build)} 1",
        ]
    }

    private func escaped(_ text: String) -> String {
        text.replacingOccurrences(of: "\\", with: "\\\\").replacingOccurrences(of: "\"", with: "\\\"")
            .replacingOccurrences(of: "\n", with: "\\n")
    }
}
