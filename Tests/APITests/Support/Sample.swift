import Model
import Ports

/// A small world in the middle of a rollback, with the numbers that JSON cannot write in it.
enum Sample {
    /// 2026-08-01T10:15:30.250Z.
    static let atMs: Int64 = 1_785_579_330_250

    static let evidence = Evidence(
        indicator: "error_rate", windowMs: 30_000, condition: "canary > 2 * baseline", verdict: .breached,
        baseline: .init(version: "v1.4.2", value: 0.01, requests: 1_000, errors: 10, healthyTargets: 2, targets: 2),
        canary: .init(version: "v1.5.0", value: 0.25, requests: 200, errors: 50, healthyTargets: 1, targets: 1),
        notes: ["a remark"])

    static let alert = AlertRecord(
        rule: "CanaryErrors", action: .rollback, labels: [TextPair("severity", "page")],
        annotations: [TextPair("summary", "25% errors")], activeSinceWallMs: atMs - 5_000, evidence: evidence)

    static let intent = IntentRecord(
        trigger: .rule(alert), fromVersion: "v1.5.0", toVersion: "v1.4.2",
        splitBefore: Split(canaryBasisPoints: 3_000), splitWanted: .allBaseline, isDryRun: false)

    static let rules = [
        RuleSnapshot(
            group: "errors", name: "CanaryErrors", action: .rollback, conditionText: "canary > 2 * baseline",
            windowMs: 30_000, forMs: 5_000, keepFiringForMs: 0, labels: [TextPair("severity", "page")],
            annotations: [TextPair("summary", "25% errors")], alert: .firing, activeSinceWallMs: atMs - 5_000,
            evidence: evidence, lastEvaluationWallMs: atMs),
        RuleSnapshot(
            group: "errors", name: "NeverLooked", action: .notify, conditionText: "canary > 1", windowMs: 10_000,
            forMs: 0, keepFiringForMs: 1_500, labels: [], annotations: [], alert: .inactive, activeSinceWallMs: nil,
            evidence: nil, lastEvaluationWallMs: nil),
        RuleSnapshot(
            group: "latency", name: "Slow", action: .hold, conditionText: "canary > 500ms", windowMs: 10_000,
            forMs: 0, keepFiringForMs: 0, labels: [], annotations: [], alert: .pending,
            activeSinceWallMs: atMs - 1_000, evidence: unclear, lastEvaluationWallMs: atMs),
    ]

    private static let unclear = Evidence(
        indicator: "latency_p99", windowMs: 10_000, condition: "canary > 500ms",
        verdict: .inconclusive(reason: "3 requests are too few"),
        baseline: .init(version: "v1.4.2", value: nil, requests: .nan, errors: 0, healthyTargets: 2, targets: 2),
        canary: .init(version: "v1.5.0", value: .infinity, requests: 3, errors: 0, healthyTargets: 1, targets: 1))

    private static let answering = {
        var target = TargetSnapshot(
            instance: "10.0.0.11:9090", isUp: true, error: nil, lastScrapeWallMs: atMs - 100, samples: 812)
        target.figures = TargetSnapshot.Figures(requestRate: 33.5, requests: 2_000, errors: 20, latencyMean: 0.02)
        return target
    }()

    static let release = ReleaseSnapshot(
        name: "checkout", phase: .rollingBack, sinceWallMs: atMs - 1_000,
        baseline: PoolSnapshot(
            version: "v1.4.2",
            targets: [
                answering
            ], requestRate: 33.5, errorRate: 0.01, latencyP99: 0.25),
        canary: PoolSnapshot(
            version: "v1.5.0",
            targets: [
                TargetSnapshot(
                    instance: "10.0.0.21:9090", isUp: false, error: "refused", lastScrapeWallMs: nil, samples: 0)
            ], requestRate: nil, errorRate: .nan, latencyP99: .infinity),
        observedCanaryBasisPoints: 3_000,
        observations: [
            RouterObservation(
                instance: "http://user:hunter2@127.0.0.1:9412", canaryBasisPoints: 3_000, level: .acked,
                revision: "7")
        ], rules: rules, openIncident: "checkout-17", explanation: "CanaryErrors fires", warnings: ["a warning"],
        cycles: 42)

    static let incident = incident(intent)

    static func incident(_ intent: IntentRecord) -> Incident {
        func entry(_ sequence: UInt64, _ event: JournalEvent) -> JournalEntry {
            JournalEntry(
                sequence: sequence, wallMs: atMs - 1_000, release: "checkout", incident: "checkout-17", event: event)
        }
        guard var incident = Incident(entry(17, .intended(intent))) else { preconditionFailure("an intent") }
        incident.apply(entry(18, .applied([RouterReceipt(instance: "r1", outcome: .accepted)])))
        return incident
    }

    static let snapshot = Snapshot(
        atWallMs: atMs, isDryRun: false, releases: [release], incidents: [incident], journalProblem: nil,
        externalURL: "https://rollguard.example")

    static let discovery = DiscoveryReport(
        release: "checkout",
        sources: [
            .init(name: "file targets.json", kind: "file", lastSuccessWallMs: atMs, targets: 1, held: "shrink 3 -> 1"),
            .init(name: "http http://sd", kind: "http", problem: "connection refused", isStale: true, isFromDisk: true),
        ],
        dropped: [.init(labels: ["__address__": "a:1"], reason: .overlap, detail: "in both")], droppedCount: 2_000)

    static let deadLetter = DeadLetter(
        delivery: Delivery(
            id: "oncall-16", receiver: "oncall",
            notification: Notification(
                sequence: 16, event: .alertFiring, atWallMs: atMs, release: "checkout", baselineVersion: "v1.4.2",
                canaryVersion: "v1.5.0", summary: "CanaryErrors fires"), attempt: 9),
        reason: "404 Not Found", atWallMs: atMs)

    static let queue = ReceiverQueue(
        receiver: "oncall", waiting: 1, dead: 1,
        head: WaitingDelivery(
            delivery: Delivery(
                id: "3f9a1c07-17-oncall", receiver: "oncall", notification: deadLetter.delivery.notification,
                attempt: 3),
            nextTryWallMs: atMs, reason: "503"))

    /// One entry of every kind.
    static let events: [JournalEvent] = [
        .began(baseline: "v1.4.2", canary: "v1.5.0"),
        .alertFiring(alert),
        .held(HoldRecord(rule: "CanaryErrors", reason: "the baseline is no better", evidence: evidence)),
        .intended(intent),
        .actedBeforeDurable(reason: "disk full"),
        .draining(DrainRecord(sharesBasisPoints: [500], remark: "because")),
        .applied([RouterReceipt(instance: "http://user:hunter2@r1", outcome: .accepted)]),
        .observed([RouterObservation(instance: "r1", canaryBasisPoints: 5, level: .loaded)]),
        .provenByTraffic(canaryRate: .infinity),
        .acknowledged,
        .abandoned(reason: "60 s are over"),
        .fallback(reason: "caddy takes over"),
        .driftOverruled(by: "ada", reason: "it is worse than nothing"),
        .driftHeld(reason: "no target of the baseline could be scraped"),
        .drifted([RouterObservation(instance: "r1", canaryBasisPoints: nil, level: .none, problem: "timeout")]),
        .rearmed(by: "ann", reason: "fixed"),
        .alertResolved(alert),
        .pending([
            PendingAlert(
                rule: "CanaryErrors", condition: "canary > 1%", windowMs: 60_000, breachedMs: 5_000,
                activeSinceWallMs: 1_700_000_000_000)
        ]),
        .routerUnusable(reason: "r1: connection refused"),
        .routerUsable,
        .targetsUnusable(reason: "file a.json has given no list for more than 150 s"),
        .targetsUsable,
        .wayBackClosed(reason: "the way back is closed: the schema is at 43, and v1.4.2 works up to 42"),
        .wayBackOpened,
        .schemaBreached(reason: "the canary has 5 % of the traffic without its schema: the schema is at 41"),
        .schemaBreachEnded,
        .group(.stale(GroupCompanion(release: "cart"), reason: "it has v10 -> v9 now")),
        .unreadable(kind: "intended", reason: "it is not valid JSON"),
        .ended(.rolledBack),
    ]

    static func entries(_ events: [JournalEvent], incident: String) -> [JournalEntry] {
        events.enumerated().map { index, event in
            JournalEntry(
                sequence: UInt64(index + 1), wallMs: atMs + Int64(index), release: "checkout", incident: incident,
                event: event)
        }
    }
}
