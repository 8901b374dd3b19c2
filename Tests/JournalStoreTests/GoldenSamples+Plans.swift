import Model

/// What is written down of the plan of a rollback.
extension GoldenSamples {
    static let plans: [(name: String, event: JournalEvent)] =
        planEvents.map { ("\($0.event.name)\($0.variant)", .procedure($0.event)) } + [
            (
                "way_back_closed",
                .wayBackClosed(reason: "the way back is closed: the schema is at 43, and v1.4.2 works up to 42")
            ),
            ("way_back_opened", .wayBackOpened),
        ]

    private static let planEvents: [(variant: String, event: ProcedureEvent)] = [
        ("", .frozen(plan)), ("", .started(step: "cache", attempt: 1)), ("", .done(step: "cache", receipt: "exit 0")),
        ("", .proved(step: "flag", finding: "it is off")),
        ("", .failed(step: "cache", reason: "exit 3", then: .retry)),
        ("_for_good", .failed(step: "cache", reason: "exit 3", then: .page)),
        ("", .skipped(step: "cache", by: "ada", reason: "not needed")),
        ("", .unknown(step: "once", reason: "no answer")),
        ("", .waiting(step: "queue")), ("", .personDone(step: "queue", by: "ada", reason: "replayed")),
        ("", .retried(step: "cache", by: "ada", reason: "the host is back")), ("", .overdue(reason: "queue waits")),
        ("", .ended(reason: "4 of 4 steps are over")), ("_forward", .frozen(forward)), ("_undo", .frozen(undo)),
        ("", .valueRead(step: "flag", value: "off")), ("", .undoing(by: "checkout-17")),
        ("", .watchFailed(step: "lag", reason: "exit 1")), ("", .watchRecovered(step: "lag", reason: "exit 0")),
    ]

    /// Of the ways forward.
    private static var forward: ProcedurePlan {
        var warm = ProcedureStep(name: "warm", work: .exec(ExecWork(command: ["/bin/warm"])), at: .before)
        (warm.roads, warm.undo) = ([.begin], .exec(ExecWork(command: ["/bin/cool"])))
        var drop = ProcedureStep(name: "drop", work: .person(text: "drop the column"), at: .after)
        (drop.roads, drop.isDestructive) = ([.promote], true)
        var plan = ProcedurePlan(steps: [warm, drop])
        plan.forward = ForwardVersions(baseline: "v1.4.2", canary: "v1.5.0")
        return plan
    }

    private static var undo: ProcedurePlan {
        var cool = ProcedureStep(name: "undo:warm", work: .exec(ExecWork(command: ["/bin/cool"])), at: .split)
        cool.undoing = UndoRecord(of: "warm", notBeforeWallMs: 1_700_000_000_000)
        var drop = ProcedureStep(name: "undo:drop", work: .person(text: "drop the column"), at: .split)
        (drop.isDestructive, drop.undoing) = (true, UndoRecord(of: "drop", skip: "it is destructive"))
        return ProcedurePlan(steps: [cool, drop])
    }

    private static var plan: ProcedurePlan {
        let proof = HTTPProof(
            request: StepRequest(method: "GET", url: "http://cache/"), contains: nil, pointer: "/purged", equals: "true"
        )
        return ProcedurePlan(
            deadlineMs: 900_000,
            steps: [
                ProcedureStep(
                    name: "flag",
                    work: .flag(
                        FlagWork(
                            flag: "new", variant: "off", file: "/flags.json", evaluations: ["http://127.0.0.1:8016"])),
                    at: .split, onFailure: .continue, isIdempotent: true),
                ProcedureStep(
                    name: "cache",
                    work: .exec(
                        ExecWork(
                            command: ["/bin/warm"], environment: [TextPair("A", "b")],
                            environmentFile: "/etc/cache.env",
                            proof: ["/bin/seen"])), retries: 2, isIdempotent: true),
                ProcedureStep(
                    name: "purge",
                    work: .http(
                        HTTPWork(
                            request: StepRequest(
                                url: "http://cache/purge",
                                security: ClientSecurity(authorization: .bearer(.file("/token")))), proof: proof)),
                    at: .drained, onFailure: .hold),
                ProcedureStep(name: "queue", work: .person(text: "replay the queue")),
            ])
    }
}
