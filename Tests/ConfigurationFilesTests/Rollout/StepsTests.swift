import ConfigurationFiles
import Model
import Testing

/// The shares of a rollout, and what has to hold in each step.
struct StepsTests {
    private static let list = "list: [1%, 10%, 100%]"

    @Test(
        arguments: [
            ("list: [0.5%, 1%, 33.33%, 100%]", [50, 100, 3_333, 10_000]),
            ("linear: {by: 25%}", [2_500, 5_000, 7_500, 10_000]),
            ("linear: {by: 30%, from: 5%}", [500, 3_500, 6_500, 9_500, 10_000]),
            ("exponential: {from: 1%}", [100, 200, 400, 800, 1_600, 3_200, 6_400, 10_000]),
            ("exponential: {from: 10%, factor: 3}", [1_000, 3_000, 9_000, 10_000]),
            (
                "exponential: {from: 0.01%, factor: 1.5}",
                [
                    1, 2, 3, 5, 8, 11, 17, 26, 38, 58, 86, 130, 195, 292, 438, 657, 985, 1_478, 2_217, 3_325, 4_988,
                    7_482, 10_000,
                ]
            ),
        ])
    func theSharesAreListed(_ text: String, _ shares: [Int]) throws {
        let rollout = try LedSample.rollout(Self.list, to: text)
        #expect(rollout.steps.map(\.basisPoints) == shares)
        #expect(rollout.steps.dropLast().allSatisfy { $0.minMs == 300_000 && $0.settleMs == 30_000 })
        // Nothing follows the last one.
        #expect(rollout.steps.last == StepPlan(basisPoints: 10_000))
    }

    @Test func aStepOpensTheRouteForTestUsers() throws {
        let text = LedSample.changed(Self.list, to: "list: [0%, 1%, 100%]")
            .replacing("every: {min: 5m}", with: "every: {min: 5m}\n      at: {0%: {forced: true, requests: 20}}")
            .replacing("{kind: gray, ", with: "{kind: gray, forced: true, ")
        let steps = try #require(try LedSample.release(text).rollout).steps
        #expect(steps.map(\.opensForcedRoute) == [true, false, false])
        let without = Sample.errors(Sample.load(text.replacing(", forced: true", with: "")))
        #expect(without.count == 1 && without[0].contains("step 0% opens the route for test users"), "\(without)")
    }

    @Test func aFloorIsPartOfTheEvidence() throws {
        let rollout = try LedSample.rollout(
            "every: {min: 5m}", to: "every: {min: 5m, evidence: {excess: 20%, floor: 0.1%}}")
        #expect(rollout.steps[0].evidence == EvidenceDemand(excess: 0.2, floor: 0.001))
    }

    @Test(arguments: [("baseline", "latest"), ("canary", "Main"), ("canary", "stable")])
    func aVersionThatMovesIsRefusedInPoolsToo(_ pool: String, _ version: String) {
        let versions = ["baseline": "v1.4.2", "canary": "v1.5.0"].merging([pool: version]) { $1 }
        let text = LedSample.changed(
            """
            places:
                  blue: {targets: ["10.0.0.1:9090"]}
                  green: {targets: ["10.0.0.2:9090"]}
                start: {blue: v1.4.2}
            """,
            to: """
                pools:
                      baseline: {version: \(versions["baseline"]!), targets: ["10.0.0.1:9090"]}
                      canary: {version: \(versions["canary"]!), targets: ["10.0.0.2:9090"]}
                """)
        let errors = Sample.errors(Sample.load(text))
        #expect(errors.count == 1 && errors[0].contains("means another build tomorrow"), "\(errors)")
        let allowed = Sample.load(text.replacing("    steps:", with: "    versions: {mutable: true}\n    steps:"))
        #expect(allowed.errors.isEmpty)
        let watched = text.replacing("    steps:\n      list: [1%, 10%, 100%]\n      every: {min: 5m}\n", with: "")
        #expect(Sample.load(watched).errors.isEmpty)
    }

    @Test func aStepReplacesSingleFieldsOfEvery() throws {
        let rollout = try LedSample.rollout(
            "every: {min: 5m}",
            to: """
                every: {settle: 10s, min: 5m, max: 2h, requests: 500, rules: [Errors], evidence: {}}
                      at:
                        10%:
                          min: 1h
                          max: {time: 3h, then: rollback}
                          requests: none
                          rules: []
                          evidence: {ratio: 1.5, error: 1%}
                          approval: {count: 2, not_the_beginner: true, ask_for: 1d, valid: 2h, then: rollback}
                          webhook: {name: smoke, url: "https://gate.example/a", secret_env: S, timeout: 1s, every: 10s, within: 1m, on_failure: proceed}
                """)
        var first = StepPlan(basisPoints: 100)
        (first.settleMs, first.minMs, first.maxMs, first.requests) = (10_000, 300_000, 7_200_000, 500)
        (first.rules, first.evidence) = (["Errors"], EvidenceDemand(excess: 0.5, error: 0.05))
        #expect(rollout.steps[0] == first)
        var second = StepPlan(basisPoints: 1_000)
        (second.settleMs, second.minMs, second.maxMs, second.overdue) = (10_000, 3_600_000, 10_800_000, .rollback)
        second.evidence = EvidenceDemand(ratio: 1.5, error: 0.01)
        var approval = ApprovalPlan()
        (approval.count, approval.isNotTheBeginner) = (2, true)
        (approval.askForMs, approval.validMs, approval.onLapse) = (86_400_000, 7_200_000, .rollback)
        second.approval = approval
        var webhook = WebhookGatePlan(name: "smoke", url: "https://gate.example/a")
        (webhook.secret, webhook.timeoutMs, webhook.everyMs) = (.environment("S"), 1_000, 10_000)
        (webhook.withinMs, webhook.onFailure) = (60_000, .proceed)
        second.webhook = webhook
        #expect(rollout.steps[1] == second)
    }

    @Test func theStepsAreSaidInOneLineEach() throws {
        let rollout = try LedSample.rollout(
            "list: [1%, 10%, 100%]\n      every: {min: 5m}",
            to: """
                list: [0%, 5%, 25%, 50%, 100%]
                      every: {min: 90m, requests: 1234, rules: [Errors, Worse], evidence: {}, max: {time: 1d, then: rollback}}
                      at:
                        0%: {rules: [], requests: none, max: none, webhook: {name: smoke, url: "https://a"}}
                        25%: {rules: [Errors], evidence: {ratio: 1.5, error: 1%}, max: 36h, approval: {not_the_beginner: true}}
                        50%: {evidence: none}
                    bake: {for: 1h}
                """)
        #expect(
            rollout.stepTexts == [
                "0%: at least 1 h 30 min, a yes of smoke",
                "5%: at least 1 h 30 min, 1234 requests (in time with at least 0.3/s of both versions), rules Errors and Worse "
                    + "healthy, evidence that the canary is at most 3x as bad (error 5%) before 25%; rolled back after 1 day",
                "25%: at least 1 h 30 min, 1234 requests (in time with at least 0.1/s of both versions), rule Errors healthy, "
                    + "evidence that the canary is at most 1.5x as bad (error 1%) before 50%, approval, not by whoever began it; "
                    + "halted after 1 day 12 h",
                "50%: at least 1 h 30 min, 1234 requests (in time with at least 0.1/s of both versions), rules Errors and Worse "
                    + "healthy; rolled back after 1 day",
                "100%: watched for 1 h, then the new version is the baseline",
            ])
    }

    @Test func whatGoesWithTheStepsIsRead() throws {
        let rollout = try LedSample.rollout(
            "every: {min: 5m}",
            to: """
                every: {min: 5m}
                      deadline: 10s
                    bake: {for: 2h, holdback: 2%}
                    on_busy: supersede
                    prepare: {expires: 10m}
                    checking: {max: 5m}
                    release: {max: 7d}
                    min_ready: 3
                    capacity: ignore
                    share_check: warn
                    warmup: 2m
                    versions: {mutable: true}
                    version: {metric: app_build_info}
                """)
        #expect(rollout.stepDeadlineMs == 10_000)
        #expect(rollout.bake == BakePlan(forMs: 7_200_000, holdbackBasisPoints: 200))
        // What is held back is taken from the last step.
        #expect(rollout.steps.map(\.basisPoints) == [100, 1_000, 9_800])
        #expect(rollout.onBusy == .supersede)
        #expect(rollout.prepareExpiresMs == 600_000 && rollout.checkingMaxMs == 300_000)
        #expect(rollout.maxMs == 7 * 86_400_000 && rollout.minReady == 3)
        #expect(!rollout.checksCapacity && !rollout.checksShare && rollout.allowsMutableVersions)
        #expect(rollout.warmupMs == 120_000)
        #expect(rollout.versionLabel == VersionLabel(metric: "app_build_info", label: "version"))
        #expect(rollout.calendar == nil)
    }

    @Test func atNoShareThereIsNoEvidence() throws {
        let rollout = try LedSample.rollout(
            "list: [1%, 10%, 100%]\n      every: {min: 5m}",
            to: "list: [0%, 10%, 100%]\n      every: {evidence: {}}\n      at: {0%: {webhook: {url: \"https://a\"}}}")
        #expect(rollout.steps[0].evidence == nil && rollout.steps[0].webhook?.name == "webhook")
        #expect(rollout.steps[1].evidence != nil)
        #expect(rollout.asksForEvidence)
    }

    @Test(arguments: [
        "every: {min: 5m}",
        "every: {requests: 5, max: {time: 1h, then: rollback}, rules: [Errors, Worse], evidence: {ratio: 2}}",
        "every: {min: 1m}\n      at: {10%: {min: 0s, evidence: {excess: 12.5%, error: 1%}, approval: {count: 3, valid: 1h}}}",
        "every: {min: 1m}\n      at:\n        1%: {webhook: {url: \"https://a/b?c\", secret_file: k, tls: {ca_file: c}, auth: {bearer_env: B}}}",
        "every: {min: 5m}\n      deadline: 1m\n    bake: {for: 0s, holdback: 5%}\n    on_busy: queue\n    min_ready: 2\n    warmup: 0s",
        "every: {min: 5m}\n    windows:\n      - {days: fri-mon, from: 9:00, to: 24:00, zone: Europe/Berlin}\n      - {days: wed}\n    lead: 1h",
        "every: {min: 5m}\n    blackouts: [{from: 2026-12-24, to: 2026-12-27 12:30+01:00, reason: \"x: y\"}]\n    version: {metric: \"a:b\", label: l}",
    ])
    func theEffectiveConfigurationLoadsToTheSameSteps(_ every: String) throws {
        for places in ["places", "turned", "empty"] {
            var text = LedSample.changed("every: {min: 5m}", to: every)
            if places == "turned" { text = Sample.changed("{blue: v1.4.2}", to: "{green: v1.4.2}", in: text) }
            if places == "empty" { text = Sample.changed("[\"10.0.0.2:9090\"]", to: "[]", in: text) }
            let plan = try #require(Sample.load(text).plan, "\(Sample.load(text).errors)")
            let written = Rulebook.effectiveYAML(of: plan)
            let again = Sample.load(written)
            #expect(again.errors.isEmpty, "\(again.errors)\n\(written)")
            var (one, other) = (plan.releases[0], again.plan?.releases.first)
            for index in one.rules.indices { one.rules[index].source = nil }
            for index in one.rules.indices { other?.rules[index].source = nil }
            #expect(one == other, "\(written)")
        }
    }

    @Test func evidenceWithoutARuleThatProvesHarmIsRemarked() {
        let text = Sample.changed(
            "regression: {}, action: rollback", to: "regression: {}",
            in: LedSample.changed("every: {min: 5m}", to: "every: {evidence: {}}"))
        #expect(
            Sample.load(text).warnings.map(Sample.headline) == [
                "rollguard.yaml:12:15: warning: 'evidence' only keeps a canary from its next share; no rule with 'regression' "
                    + "and 'action: rollback' takes out one that is proven worse"
            ])
    }

    @Test func aShareThatTheTargetsCannotTakeIsRemarked() throws {
        let text = LedSample.changed("[\"10.0.0.1:9090\"]", to: "[\"a:1\", \"b:1\", \"c:1\", \"d:1\"]")
        #expect(
            Sample.load(text).warnings.map(Sample.headline) == [
                "rollguard.yaml:10:5: warning: 1 of the canary's targets beside 4 of the baseline's can take 37.5% (1.5 times "
                    + "their part), so that the step to 100% waits for more of them; where targets do not count instances of "
                    + "equal size, write 'capacity: ignore'"
            ])
        #expect(
            Sample.load(Sample.changed("    steps:", to: "    capacity: ignore\n    steps:", in: text)).warnings.isEmpty
        )
    }
}
