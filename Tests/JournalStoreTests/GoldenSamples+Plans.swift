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
            (
                "schema_breached",
                .schemaBreached(reason: "the canary has 5 % of the traffic without its schema: the schema is at 41")
            ),
            ("schema_breach_ended", .schemaBreachEnded),
        ]

    private static let planEvents: [(variant: String, event: ProcedureEvent)] = [
        ("", .frozen(plan)), ("_queues", .frozen(queues)), ("", .started(step: "cache", attempt: 1)),
        ("", .done(step: "cache", receipt: "exit 0")),
        ("", .proved(step: "flag", finding: "it is off")),
        ("", .failed(step: "cache", reason: "exit 3", then: .retry)),
        ("_for_good", .failed(step: "cache", reason: "exit 3", then: .page)),
        ("", .skipped(step: "cache", by: "ada", reason: "not needed")),
        ("", .unknown(step: "once", reason: "no answer")),
        ("", .waiting(step: "queue")), ("", .personDone(step: "queue", by: "ada", reason: "replayed")),
        ("", .retried(step: "cache", by: "ada", reason: "the host is back")), ("", .overdue(reason: "queue waits")),
        ("", .ended(reason: "4 of 4 steps are over")), ("_with_backups", .frozen(planWithBackups)),
        (
            "",
            .backup(
                step: "dump",
                found: BackupFound(
                    name: "/b/1.dump", takenWallMs: 1_795_953_600_000, sizeBytes: 1_200,
                    verification: "all of it was read",
                    restore: "pg_restore -d app /b/1.dump"))
        ),
        ("_with_options", .frozen(planWithOptions)),
        ("", .drifted(step: "flag", finding: "it is on", isReported: true)),
        ("", .reminded(step: "queue", afterMs: 1_800_000)),
        ("", .abandoned(by: "ada", reason: "by hand", states: "flag proved, queue planned")),
        ("", .reopened(from: "cache", by: "ada", reason: "the cache was emptied")),
        ("_forward", .frozen(forward)), ("_undo", .frozen(undo)),
        ("", .valueRead(step: "flag", value: "off")), ("", .undoing(by: "checkout-17")),
        ("", .watchFailed(step: "lag", reason: "exit 1")), ("", .watchRecovered(step: "lag", reason: "exit 0")),
    ]

    private static var queues: ProcedurePlan {
        ProcedurePlan(steps: [
            ProcedureStep(
                name: "pause", work: .consumers(ConsumersWork(url: "nats://b", stream: "ORD", consumer: "canary")),
                at: .split, isIdempotent: true),
            ProcedureStep(
                name: "workers",
                work: .consumers(
                    ConsumersWork(
                        broker: .rabbitmq, action: .resume, url: "http://m", user: "canary", readPattern: "q.*",
                        security: ClientSecurity(authorization: .basic(user: "r", password: .file("/p"))))),
                isIdempotent: true),
            ProcedureStep(name: "announce", work: .event(receiver: "bus"), isIdempotent: true),
        ])
    }

    private static var planWithBackups: ProcedurePlan {
        var backup = BackupWork(files: "/b/*.dump", restoreTo: "app")
        backup.restoreTest = RestoreTest(file: "/b/restored")
        var workload = WorkloadWork(url: "http://k")
        (workload.deployment, workload.replicas) = ("checkout", 0)
        var drop = ProcedureStep(name: "drop", work: .person(text: "drop the column"))
        drop.isDestructive = true
        return ProcedurePlan(
            deadlineMs: 900_000,
            steps: [
                ProcedureStep(name: "dump", work: .backup(backup), isIdempotent: true),
                ProcedureStep(name: "scale", work: .workload(workload), at: .drained, isIdempotent: true), drop,
            ])
    }

    private static var planWithOptions: ProcedurePlan {
        var steps = plan.steps
        steps[0].watchEveryMs = 30_000
        steps[1].condition = .step(name: "flag", states: [.proved, .done])
        for index in 1...2 { steps[index].runsTogether = true }
        steps[3].condition = .versions(baseline: "v1.4*", canary: nil)
        steps[3].remindEveryMs = 600_000
        return ProcedurePlan(deadlineMs: 900_000, steps: steps)
    }

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
