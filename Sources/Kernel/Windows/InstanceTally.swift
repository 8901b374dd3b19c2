import Telemetry

/// What one target has reported of late, for people who ask which instance differs. Older counts weigh less, so that no row
/// per cycle has to be kept: in the long run the tally covers ``windowSeconds``. No decision rests on it.
struct InstanceTally: Sendable, Equatable {
    static let windowSeconds = 60.0

    private(set) var requests = 0.0
    /// Nil where no scrape body has said how requests ended.
    private(set) var errors: Double?
    /// In which the requests were counted; 0 before the first scrape body with counts.
    private(set) var seconds = 0.0
    private var latencySeconds = 0.0
    private var latencyCount = 0.0

    /// Requests per second; nil before the first counts.
    var requestRate: Double? { seconds > 0 ? requests / seconds : nil }

    /// 0...1; nil without requests.
    var errorRate: Double? { requests > 0 ? errors.map { min(1, $0 / requests) } : nil }

    /// Seconds; nil where the scrape bodies have no sum of latencies.
    var latencyMean: Double? { latencyCount > 0 && latencySeconds > 0 ? latencySeconds / latencyCount : nil }

    mutating func take(_ reading: TargetReading) {
        guard let counted = reading.requests, let covered = reading.coveredSeconds, covered > 0 else { return }
        let kept = Self.windowSeconds / (Self.windowSeconds + covered)
        requests = requests * kept + counted
        seconds = seconds * kept + covered
        if let failed = reading.errors {
            errors = (errors ?? 0) * kept + failed
        } else {
            errors = errors.map { $0 * kept }
        }
        let latency: (seconds: Double, count: Double) =
            switch reading.latency {
            case .absent: (0, 0)
            case .histogram(let increments): (increments.sumSeconds, increments.count)
            case .summary(let summary): (summary.sumSeconds, summary.count)
            }
        latencySeconds = latencySeconds * kept + latency.seconds
        latencyCount = latencyCount * kept + latency.count
    }
}
