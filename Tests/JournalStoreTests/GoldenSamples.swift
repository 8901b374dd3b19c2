import Model

/// One event of each kind, with every optional field once present and once absent. The golden files hold what each
/// released version wrote for them.
enum GoldenSamples {
    static let events: [(name: String, event: JournalEvent)] = [
        ("began", .began(baseline: "v1.4.2", canary: "v1.5.0")),
        ("ended_promoted", .ended(.promoted)),
        ("ended_rolled_back", .ended(.rolledBack)),
        ("ended_withdrawn", .ended(.withdrawn)),
        ("ended_replaced", .ended(.replaced)),
        ("alert_firing", .alertFiring(alert)),
        ("alert_firing_regression", .alertFiring(regressionAlert)),
        ("alert_resolved", .alertResolved(resolvedAlert)),
        ("held", .held(HoldRecord(rule: "CanaryErrorRate", reason: "no baseline target is up", evidence: evidence))),
        ("intended_rule", .intended(intent(.rule(alert), before: Split(canaryBasisPoints: 1_000)))),
        ("intended_operator", .intended(intent(.operatorCommand(by: "ada", reason: "carts are empty"), before: nil))),
        ("acted_before_durable", .actedBeforeDurable(reason: "the journal was not durable within 500 ms")),
        ("draining", .draining(DrainRecord(sharesBasisPoints: [500, 250]))),
        ("draining_held", .draining(heldDrain)),
        (
            "applied",
            .applied([
                RouterReceipt(instance: "lb1", outcome: .accepted),
                RouterReceipt(instance: "lb2", outcome: .conflict, detail: "the revision has changed"),
                RouterReceipt(instance: "lb3", outcome: .rejected, detail: "403 \"wrong token\""),
                RouterReceipt(instance: "lb4", outcome: .unreachable, detail: "connection refused"),
                RouterReceipt(instance: "lb5", outcome: .unknown, detail: "no answer within 2 s"),
            ])
        ),
        ("observed", .observed(observations)),
        ("proven_by_traffic", .provenByTraffic(canaryRate: 0.25)),
        ("unproven", .unproven(reason: "no process listens at 10.0.0.21:9090")),
        ("acknowledged", .acknowledged),
        ("abandoned", .abandoned(reason: "the router does not answer")),
        ("fallback", .fallback(reason: "not acknowledged on haproxy in time; gray takes over")),
        ("drifted", .drifted(observations)),
        ("strayed", .strayed(canaryRate: 12.5)),
        ("drift_held", .driftHeld(reason: "no baseline target is up")),
        ("drift_overruled", .driftOverruled(by: "ada", reason: "the old version is back")),
        ("rearmed", .rearmed(by: "ada", reason: "the database was the cause")),
        (
            "pending",
            .pending([
                PendingAlert(
                    rule: "CanaryErrorRate", condition: "canary > 2 * baseline", windowMs: 60_000, breachedMs: 15_000,
                    activeSinceWallMs: 1_700_000_000_000)
            ])
        ),
        ("router_unusable", .routerUnusable(reason: "/run/haproxy/admin.sock: permission denied")),
        ("router_usable", .routerUsable),
    ]

    static let notifications: [(name: String, notification: Notification)] = [
        (
            "notification",
            Notification(
                sequence: 17, event: .rollbackIntended, atWallMs: 1_700_000_000_123, release: "checkout",
                baselineVersion: "v1.4.2", canaryVersion: "v1.5.0", incident: "checkout-17",
                summary: "checkout: rolling back: CanaryErrorRate", alert: alert,
                splitBefore: Split(canaryBasisPoints: 1_000), splitAfter: .allBaseline, isDryRun: true,
                timeline: [
                    .init(atWallMs: 1_700_000_000_123, step: "intended", detail: "CanaryErrorRate"),
                    .init(atWallMs: 1_700_000_000_456, step: "applied", detail: "lb1: accepted"),
                ])
        ),
        (
            "notification_short",
            Notification(
                sequence: 18, event: .routerRecovered, atWallMs: 1_700_000_001_000, release: "checkout",
                baselineVersion: "v1.4.2", canaryVersion: "v1.5.0", summary: "checkout: the router can be used again")
        ),
    ]

    private static let observations = [
        RouterObservation(
            instance: "lb1", canaryBasisPoints: 0, level: .loaded, revision: "17", problem: "weight 0 of 256",
            baselineHealthy: false, isWritable: true),
        RouterObservation(instance: "lb2", canaryBasisPoints: nil, level: .none),
        RouterObservation(instance: "lb3", canaryBasisPoints: 250, level: .config),
        RouterObservation(instance: "lb4", canaryBasisPoints: 10_000, level: .acked),
    ]

    private static var evidence: Evidence {
        Evidence(
            indicator: "latency_p99", windowMs: 60_000, condition: "canary > 1s",
            verdict: .inconclusive(reason: "the window has too few requests"),
            baseline: .init(version: "v1.4.2", value: nil, requests: 0, errors: 0, healthyTargets: 0, targets: 2),
            canary: .init(
                version: "v1.5.0", value: .infinity, requests: 120.5, errors: 3, healthyTargets: 1, targets: 1),
            notes: ["latency_p99 is the worst instance's summary quantile"])
    }

    private static var alert: AlertRecord {
        AlertRecord(
            rule: "CanaryErrorRate", action: .rollback, labels: [TextPair("severity", "page")],
            annotations: [TextPair("summary", "8.1% against 0.2%: \"bad\" / worse\n")],
            activeSinceWallMs: 1_700_000_000_000,
            evidence: Evidence(
                indicator: "error_rate", windowMs: 60_000, condition: "canary > 2 * baseline", verdict: .breached,
                baseline: .init(
                    version: "v1.4.2", value: 0.002, requests: 9_000, errors: 18, healthyTargets: 2, targets: 2),
                canary: .init(
                    version: "v1.5.0", value: 0.081, requests: 1_000, errors: 81, healthyTargets: 1, targets: 1)))
    }

    /// Optional fields that were added to version 1 after its golden files were written.
    static let laterFields: [(json: String, event: JournalEvent)] = {
        var measured = alert
        measured.evidence.measure = .perSecond
        var kept = PendingAlert(
            rule: "CanaryErrorRate", condition: "canary > 2 * baseline", windowMs: 60_000, breachedMs: 15_000,
            activeSinceWallMs: 1_700_000_000_000)
        kept.healthyMs = 2_500
        var counted = alert
        counted.epoch = "7"
        return [
            (#""measure":"per_second""#, .alertFiring(measured)), (#""healthyMs":2500"#, .pending([kept])),
            (#""epoch":"7""#, .alertFiring(counted)),
        ]
    }()

    private static var resolvedAlert: AlertRecord {
        var resolved = alert
        (resolved.action, resolved.labels, resolved.evidence.verdict) = (.notify, [], .healthy)
        return resolved
    }

    private static var regressionAlert: AlertRecord {
        var found = alert
        found.action = .hold
        found.evidence.regression = regression
        return found
    }

    private static var regression: RegressionRecord {
        typealias Side = RegressionRecord.Side
        return RegressionRecord(
            tolerance: 0.1, falseAlarm: 0.001, method: "pair", logEvidence: 7.25, maxLogEvidence: 7.5,
            barLogEvidence: 6.9, chanceOneIn: 1_480, isWorse: true, isSafe: false, safeRatio: 1.5,
            comparisons: [
                .init(
                    name: "errors", baseline: Side(requests: 900, bad: 9, rate: 0.01, rateLow: 0.004, rateHigh: 0.02),
                    canary: Side(requests: 100, bad: 8, rate: 0.08, rateLow: 0.03, rateHigh: 0.2), ratio: 8,
                    ratioLow: 1.4, ratioHigh: 33, toleratedRatio: 1.1, logEvidence: 7.25, dispersion: 1.2),
                .init(
                    name: "slower than 250 ms",
                    baseline: Side(requests: 0, bad: 0, rate: nil, rateLow: 0, rateHigh: 1),
                    canary: Side(requests: 0, bad: 0, rate: nil, rateLow: 0, rateHigh: 1), ratio: nil, ratioLow: nil,
                    ratioHigh: nil, toleratedRatio: 1.1, logEvidence: 0, dispersion: 2),
            ],
            percentiles: [
                .init(
                    name: "p99", baselineLowSeconds: 0.25, baselineHighSeconds: 0.5, canaryLowSeconds: 0.5,
                    canaryHighSeconds: nil),
                .init(
                    name: "p50", baselineLowSeconds: nil, baselineHighSeconds: nil, canaryLowSeconds: nil,
                    canaryHighSeconds: 0.1),
            ], requestsNeeded: 1_900, secondsNeeded: 40,
            detectable: [.init(seconds: 60, ratio: 2.1), .init(seconds: 1, ratio: nil)],
            sentence: "errors: baseline 1%, canary 8%", selfCheck: .init(runs: 24, falseAlarms: 1))
    }

    private static func intent(_ trigger: IntentRecord.Trigger, before: Split?) -> IntentRecord {
        IntentRecord(
            trigger: trigger, fromVersion: "v1.5.0", toVersion: "v1.4.2", splitBefore: before,
            splitWanted: .allBaseline, isDryRun: before == nil)
    }

    private static var heldDrain: DrainRecord {
        var drain = DrainRecord(
            sharesBasisPoints: [500, 250], step: 1, healthyTargetsBefore: 2,
            baselineBefore: [
                .init(indicator: "error_rate", windowMs: 60_000, value: 0.002),
                .init(indicator: "latency_p99", value: .infinity),
            ], remark: "error_rate of the baseline is 5%")
        drain.isHeld = true
        return drain
    }
}
