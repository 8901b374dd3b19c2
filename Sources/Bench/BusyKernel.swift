public import Kernel
public import Model
public import Telemetry

/// A kernel in virtual time that watches a release whose canary takes traffic: what the bench times and what the gate
/// counts the instructions of. Nothing is wrong with the canary, so every cycle is the same work.
public struct BusyKernel {
    public private(set) var kernel: Kernel
    public private(set) var now = Moment(uptimeMs: 1_000_000, wallMs: 1_700_000_000_000)
    private let plan: ReleasePlan
    private let reports: [ScrapeReport]

    /// - Parameters:
    ///   - targets: in both pools together, at least two.
    ///   - reading: what each scrape body of a target contains.
    public init(rules: [RulePlan], targets: Int, reading: TargetReading, intervalMs: Int64 = 1_000) {
        let pools = BusyKernel.pools(targets)
        plan = ReleasePlan(
            name: "checkout", scrape: ScrapePlan(intervalMs: intervalMs, timeoutMs: intervalMs / 2),
            baseline: pools.baseline, canary: pools.canary, indicators: BusyKernel.watch,
            router: BusyKernel.router, rules: rules)
        kernel = Kernel(
            plan: Plan(daemon: DaemonPlan(stateDirectory: "/nowhere"), releases: [plan]), journalIdentity: "bench",
            seed: 7, at: now)
        let name = plan.name
        reports = [(Pool.baseline, pools.baseline), (.canary, pools.canary)].flatMap { pool, targets in
            targets.targets.enumerated().map { index, target in
                ScrapeReport(
                    release: name, pool: pool, target: index, instance: target.instance,
                    outcome: .success(reading, warnings: []))
            }
        }
        answer(kernel.step(.tick, at: now))
    }

    /// The router of a release that never calls one.
    public static let router = RouterPlan(NoRouter())

    /// The series that are watched in a service's exposition.
    public static let watch = WatchList(
        requests: SeriesSelector(metric: "http_requests_total"),
        errors: SeriesSelector(
            metric: "http_requests_total",
            matchers: [SeriesSelector.Matcher(label: "code", comparison: .matches, value: "5..")]),
        latency: SeriesSelector(metric: "http_request_duration_seconds"))

    /// What the exposition of a service with twenty buckets reports for one second.
    public static let busyReading: TargetReading = {
        let bounds: [Double] = (1...19).map { (step: Int) -> Double in 0.01 * Double(step * step) }
        let below: [Double] = (1...20).map { (step: Int) -> Double in 1_000 - 2 * Double((20 - step) * (20 - step)) }
        let histogram = HistogramIncrements(
            upperBounds: bounds + [Double.infinity], cumulative: below, sumSeconds: 43, count: 1_000)
        return TargetReading(
            requests: 1_000, errors: 10, latency: .histogram(histogram),
            matches: TargetReading.Matches(requests: 114, errors: 38, latency: 836), samples: 1_000, coveredSeconds: 1)
    }()

    /// A rule as operators write them, never breached by equal pools.
    public static func rule(_ number: Int, windowMs: Int64) -> RulePlan {
        let isLatency = number % 2 == 1
        let factor = 2 + Double(number % 100) / 100
        return RulePlan(
            group: "bench", name: "Rule\(number)", indicator: isLatency ? .latencyQuantile(0.99) : .errorRate,
            windowMs: windowMs,
            condition: .compare(.value(.canary), .greater, .combine(.number(factor), .multiply, .value(.baseline))),
            conditionText: "canary > \(factor) * baseline", minRequests: 10, action: .rollback,
            labels: [TextPair("severity", "page")], annotations: [TextPair("summary", "{{ canary }}")])
    }

    private static func pools(_ targets: Int) -> (baseline: PoolPlan, canary: PoolPlan) {
        func pool(_ version: String, _ count: Int) -> PoolPlan {
            PoolPlan(
                version: version,
                targets: (0..<max(1, count)).map { index in
                    TargetPlan(instance: "\(version)-\(index):9090", url: "http://\(version)-\(index):9090/metrics")
                })
        }
        return (pool("v1", targets / 2), pool("v2", targets - targets / 2))
    }

    // MARK: the parts of a cycle

    /// An interval passes.
    public mutating func pass() {
        now.uptimeMs += plan.scrape.intervalMs
        now.wallMs += plan.scrape.intervalMs
        if let wake = kernel.nextWakeUptimeMs, wake <= now.uptimeMs { answer(kernel.step(.tick, at: now)) }
    }

    /// Every target's scrape body arrives.
    public mutating func report() {
        for report in reports { _ = kernel.step(.scraped(report), at: now) }
    }

    /// The windows get a row, the rules are judged.
    public mutating func judge() {
        answer(kernel.step(.cycleEnded(release: plan.name), at: now))
    }

    /// Whole cycles.
    public mutating func cycle(_ count: Int = 1) {
        for _ in 0..<count {
            pass()
            report()
            judge()
        }
    }

    /// Whether the rules are being judged: the canary was seen to have a share.
    public var isWatching: Bool { kernel.watchedSinceUptimeMs(release: plan.name) != nil }

    /// Rules that have a verdict other than "inconclusive" now; in a busy kernel that is all of them.
    public var conclusiveRules: Int {
        kernel.snapshot(at: now).releases[0].rules.count { rule in
            switch rule.evidence?.verdict {
            case .healthy, .breached: true
            case .inconclusive, nil: false
            }
        }
    }

    /// The router shows a tenth for the canary; the disk is at once.
    private mutating func answer(_ effects: [Effect]) {
        for effect in effects {
            switch effect {
            case .observeSplit(let release, let call, _, _):
                let seen = RouterObservation(instance: "http://router", canaryBasisPoints: 1_000, level: .loaded)
                answer(kernel.step(.routerObserved(release: release, call: call, observations: [seen]), at: now))
            case .append(let batch):
                guard let last = batch.entries.last else { continue }
                answer(kernel.step(.journalDurable(through: last.sequence), at: now))
            default: continue
            }
        }
    }
}

/// The kernel never reads the settings of a router.
private struct NoRouter: RouterSettings {
    static let kind = "none"
}
