import Model

/// Each event of a rollout, and the record of which version is where.
extension GoldenSamples {
    static let all = events + rollouts + targets + desk + plans + groups

    static let rollouts: [(name: String, event: JournalEvent)] =
        rolloutEvents.map { (name: "\($0.event.name)\($0.variant)", event: .rollout(id: "checkout-r42", $0.event)) }
        + [
            ("deployment", .deployment(deployment)),
            ("deployment_first", .deployment(DeploymentRecord(places: places))),
        ]

    private static let rolloutEvents: [(variant: String, event: RolloutEvent)] = [
        ("", .prepared(preparation)), ("", .queued(preparation)),
        ("", .begun(by: "ci", steps: [step, StepPlan(basisPoints: 10_000)], bake: BakePlan(forMs: 60_000))),
        ("", .stepIntended(step: 2, fromBasisPoints: 100, toBasisPoints: 1_000)),
        ("", .stepApplied(step: 2, receipts: "lb1: accepted")),
        ("", .stepStanding(step: 2, basisPoints: 1_000, observed: "lb1: canary 10%")),
        ("", .stepPassed(step: 2, gates: gates, skipped: [], by: nil)),
        ("_by_order", .stepPassed(step: 2, gates: gates, skipped: ["min"], by: "ada")),
        ("", .stepUndone(step: 3, toBasisPoints: 1_000, reason: "lb2: connection refused")),
        ("", .standing(step: 2, forMs: 15_000)), ("", .baking),
        ("", .paused(by: "ada", reason: "lunch", untilWallMs: 1_700_000_000_000)),
        ("_for_good", .paused(by: "ada", reason: "lunch", untilWallMs: nil)),
        ("", .resumed(by: "ada", reason: "back")), ("", .halted(.baselineSick, text: "both fail")),
        ("", .unhalted(.baselineSick, by: nil)), ("_by_order", .unhalted(.hand, by: "ada")),
        ("", .gateAsked(step: 2, gate: "approval", id: "checkout-r42-2-approval-1", untilWallMs: 1_700_000_000_000)),
        ("", .gateAnswered(step: 2, gate: "approval", id: "checkout-r42-2-approval-1", reply)),
        ("", .gateLapsed(step: 2, gate: "approval", id: "checkout-r42-2-approval-1")),
        ("", .shareMoved(fromBasisPoints: 1_000, observed: "lb1: canary 5%", consequence: "it is left so")),
        ("", .targetsChanged(text: "b:3 is new")), ("", .versionMismatch(text: "b:1 says that it runs v1.4.2")),
        ("", .reminded(text: "v1.5.0 waits for an operator since 4 h: paused by ada: lunch")),
        ("", .wayBackLost(version: VersionIdentity("v1.4.2"), reason: "checkout-r57 takes blue")),
        ("", .rollingBack(incident: "checkout-60", reason: "CanaryErrorRate")),
        ("", .ended(.rolledBack, reason: "CanaryErrorRate")),
    ]

    private static let preparation = PreparationRecord(
        version: VersionIdentity("v1.5.0", build: "3f2a91c"), place: "green", attempt: 2, by: "ci", key: "pipeline-7",
        expiresWallMs: 1_700_000_000_000)

    private static let gates = [GateResult(gate: "min", isOpen: true, text: "5 min")]
    private static let reply = GateReply(.proceed, by: "ann", reason: "seen", validUntilWallMs: 1_700_000_000_000)

    private static var step: StepPlan {
        var step = StepPlan(basisPoints: 1_000)
        (step.minMs, step.maxMs, step.requests, step.rules) = (300_000, 7_200_000, 500, ["CanaryErrorRate"])
        step.evidence = EvidenceDemand(excess: 0.5)
        step.approval = ApprovalPlan()
        step.webhook = WebhookGatePlan(name: "smoke", url: "https://gate.example/smoke")
        return step
    }

    private static let places = [
        DeploymentRecord.Place(name: "blue", running: VersionIdentity("v1.4.2")),
        DeploymentRecord.Place(name: "green", running: nil),
    ]

    private static var deployment: DeploymentRecord {
        var record = DeploymentRecord(places: places)
        record.isTurned = true
        record.failed = [VersionIdentity("v1.4.9", build: "77")]
        record.attempts = [.init(of: VersionIdentity("v1.5.0"), count: 2)]
        record.freeze = FreezeRecord(by: "ada", reason: "holidays", untilWallMs: 1_700_000_000_000)
        let answer = RolloutAnswer(
            .created, "green is reserved", rollout: "checkout-r42", place: "green", expiresWallMs: 1_700_000_000_000,
            tag: "checkout-r42.50", sequence: 50)
        record.answered = [
            .init(key: "pipeline-7", body: "prepare v1.5.0", atWallMs: 1_700_000_000_000, answer: answer)
        ]
        return record
    }
}
