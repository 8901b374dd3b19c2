/// What the demo's world is like before anything goes wrong, and which rules watch it.
enum DemoScene: Sendable {
    /// A tenth of the users get the new version; nothing fails; thresholds watch.
    case gross
    /// Half of the users get it; both versions fail one request in a hundred; a rule that asks for proof watches beside a
    /// bare ratio, which only notifies.
    case subtle
    /// The same, and both versions fail half of their requests now and then, together; the new version's expositions are
    /// rendered half a second after the old one's, so that the same outage begins and ends later in its counts.
    case outage

    init(_ fault: DemoCommand.Fault) {
        switch fault {
        case .errors, .latency, .crash: self = .gross
        case .subtle, .none: self = .subtle
        case .outage: self = .outage
        }
    }

    /// Evidence needs requests: with 1 500/s one doubled error rate of two is found within 14 s, with 1 000/s within 19 s.
    var requestsPerSecond: Int {
        switch self {
        case .gross: 500
        case .subtle: 1_500
        case .outage: 1_000
        }
    }
    var canaryBasisPoints: Int { self == .gross ? 1_000 : 5_000 }
    /// Instances of each version.
    var instances: (baseline: Int, canary: Int) { self == .gross ? (3, 2) : (10, 10) }
    /// How long the daemon watches the old version before the new one gets users: what it learns there (how errors come in
    /// clusters) makes the evidence faster.
    var historySeconds: Int { self == .gross ? 0 : 120 }
    /// What has not happened by this second of the release will not.
    var lastSecond: Int { self == .gross ? 55 : 120 }
    /// Share of requests that fail while all is well, 0...1.
    var errorShare: Double { self == .gross ? 0 : 0.01 }
    var canaryExpositionDelayMs: Int { self == .outage ? 500 : 0 }
    /// Shorter than the interval, which is a second.
    var scrapeTimeoutMs: Int { self == .outage ? 900 : 500 }
    /// The alert whose false alarms are counted.
    static let bareRule = "BareRatio"

    /// The groups under `rules` of the release.
    var rules: String { self == .gross ? DemoScene.thresholds : DemoScene.proof }

    private static let thresholds = """
                  - alert: CanaryErrorRate
                    indicator: error_rate
                    window: 10s
                    when: canary > 2 * baseline and canary > 1%
                    min_requests: 100
                    for: 1s
                    action: rollback
                    annotations:
                      summary: "canary fails {{ canary }} of its requests, the baseline {{ baseline }}"
                  - alert: CanaryLatencyP99
                    indicator: latency_p99
                    window: 10s
                    when: canary > 2 * baseline and canary > 200ms
                    min_requests: 100
                    for: 1s
                    action: rollback
                  - alert: CanaryGone
                    indicator: request_rate
                    window: 5s
                    when: canary < 0.1/s and baseline > 10/s
                    no_data: breach
                    for: 1s
                    action: rollback

        """

    private static let proof = """
                  - alert: CanaryIsWorse
                    indicator: error_rate
                    regression: {tolerance: 0%, false_alarm: 1%}
                    action: rollback
                    annotations:
                      summary: "canary fails {{ canary }} of its requests, the baseline {{ baseline }}"
                  - alert: \(bareRule)
                    indicator: error_rate
                    window: 10s
                    when: canary > 1.5 * baseline
                    action: notify

        """
}
