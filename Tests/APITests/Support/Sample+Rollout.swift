import Model

extension Sample {
    /// The sample world and beside it a service whose release is led: at its second step, halted, its approval asked for.
    static let led: Snapshot = {
        var next = snapshot
        var shop = release
        (shop.name, shop.openIncident, shop.rollout) = ("shop", nil, rollouts)
        next.releases.append(shop)
        return next
    }()

    /// Two services that are led as one rollout; the second waits for nothing but the first.
    static let unit: Snapshot = {
        var next = snapshot
        let parts = ["api", "web"].map { name in
            UnitSnapshot.Part(name: name, release: "shop.\(name)", rollout: rollouts, isReady: name == "web")
        }
        next.releases += parts.map { part in
            var shop = release
            (shop.name, shop.openIncident, shop.rollout) = (part.release, nil, part.rollout)
            return shop
        }
        next.units = [UnitSnapshot(name: "shop", parts: parts)]
        return next
    }()

    static let rollouts: RolloutSnapshot = {
        var deployment = DeploymentRecord(places: [
            .init(name: "blue", running: VersionIdentity("v1.4.2")),
            .init(name: "green", running: VersionIdentity("v1.5.0", build: "3f2a91c")),
        ])
        deployment.failed = [VersionIdentity("v1.4.9")]
        return RolloutSnapshot(
            deployment: deployment, running: rollout(lines), ended: [],
            gates: [
                GateResult(gate: "requests", isOpen: true, text: "612 of 500 requests"),
                GateResult(gate: "approval", isOpen: false, text: "asked for"),
            ], waitsFor: "waits for approval by sre", standingMs: 90_500,
            wayBack: "v1.4.2 in blue, 2 of 2 targets answer", plan: RolloutPlan(steps: steps),
            estimates: [
                StepEstimate(medianSeconds: 300, ninetyPercentSeconds: 720, evidenceRequests: 34_000), nil, nil,
            ])
    }()

    static let steps: [StepPlan] = {
        var first = StepPlan(basisPoints: 500)
        (first.minMs, first.requests, first.rules) = (300_000, 500, ["CanaryErrors"])
        first.evidence = EvidenceDemand(excess: 0.5)
        var second = StepPlan(basisPoints: 2_500)
        second.approval = ApprovalPlan()
        second.approval?.of = ["sre"]
        second.webhook = WebhookGatePlan(name: "smoke", url: "https://gate.example/smoke")
        var last = StepPlan(basisPoints: 10_000)
        (last.minMs, last.maxMs, last.overdue) = (60_000, 7_200_000, .rollback)
        return [first, second, last]
    }()

    static let lines: [RolloutEvent] = [
        .prepared(
            PreparationRecord(
                version: VersionIdentity("v1.5.0", build: "3f2a91c"), place: "green", attempt: 1, by: "ci",
                expiresWallMs: atMs)),
        .begun(by: "ci", steps: steps, bake: BakePlan(forMs: 3_600_000)),
        .stepIntended(step: 1, fromBasisPoints: 0, toBasisPoints: 500),
        .stepStanding(step: 1, basisPoints: 500, observed: "edge1 500"),
        .stepPassed(step: 1, gates: [], skipped: [], by: nil),
        .stepIntended(step: 2, fromBasisPoints: 500, toBasisPoints: 2_500),
        .stepStanding(step: 2, basisPoints: 2_500, observed: "edge1 2500"),
        .gateAsked(step: 2, gate: "approval", id: "shop-r42-2-approval-1", untilWallMs: atMs + 60_000),
        .gateAnswered(
            step: 2, gate: "approval", id: "shop-r42-2-approval-1",
            GateReply(.hold, by: "ann", reason: "the graphs are odd")),
        .halted(.gate, text: "approval says hold"),
        .paused(by: "ann", reason: "lunch", untilWallMs: atMs + 3_600_000),
    ]

    /// - Parameter events: the first one prepares or queues.
    static func rollout(_ events: [RolloutEvent]) -> Rollout {
        let entries = events.enumerated().map { index, event in
            JournalEntry(
                sequence: UInt64(42 + index), wallMs: atMs + Int64(index) * 1_000, release: "shop", incident: nil,
                event: .rollout(id: "shop-r42", event))
        }
        guard var rollout = Rollout(entries[0]) else { preconditionFailure("the first event prepares") }
        for entry in entries.dropFirst() { rollout.apply(entry) }
        return rollout
    }
}
