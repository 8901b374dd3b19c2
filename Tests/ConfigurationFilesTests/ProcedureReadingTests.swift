import ConfigurationFiles
import Model
import Testing

/// `plan` of a release.
struct ProcedureReadingTests {
    private static let router = "{kind: gray, instances: [\"http://127.0.0.1:9412\"]}"

    private static func load(_ plan: String) -> Rulebook.Result {
        Sample.load(Sample.changed(router, to: router + "\n    plan: " + plan))
    }

    @Test func everyKindIsRead() throws {
        let steps = [
            "{name: flag, kind: flag, at: split, provider: flagd_file, flag: new, variant: 'off', file: flags.json, "
                + "evaluations: ['http://127.0.0.1:8016'], on_failure: continue}",
            "{name: cache, kind: exec, command: [/bin/warm, --all], env: {A: b}, env_file: c.env, cwd: /srv, stop_signal: INT, "
                + "grace: 30s, prove: [/bin/seen], idempotent: true, retries: 2, retry_after: 1s, timeout: 2m, settle: 5s}",
            "{name: purge, kind: http, method: PUT, url: 'http://cache/purge', headers: {X: y}, body: '{}', auth: {bearer_env: T}, "
                + "prove: {url: 'http://cache/state', pointer: /purged, equals: 'true'}, idempotent: false, at: drained, "
                + "drain_for: 45s, on_failure: hold}",
            "{name: queue, kind: person, text: replay the queue}",
        ]
        let result = Self.load("{deadline: 20m, steps: [\(steps.joined(separator: ", "))]}")
        #expect(Sample.errors(result) == [])
        let plan = try #require(result.plan?.releases[0].procedure)
        #expect(plan.deadlineMs == 1_200_000 && plan.steps.map(\.name) == ["flag", "cache", "purge", "queue"])
        #expect(plan.ordered.steps.map(\.name) == ["flag", "cache", "queue", "purge"])
        let exec = try #require(plan.steps[1].work.exec)
        #expect(exec.command == ["/bin/warm", "--all"] && exec.environment == [TextPair("A", "b")])
        #expect(
            exec.environmentFile == "/etc/rollguard/c.env" && exec.stopSignal == .int && exec.proof == ["/bin/seen"])
        #expect(plan.steps[1].retries == 2 && plan.steps[1].isIdempotent && plan.steps[1].timeoutMs == 120_000)
        #expect(plan.steps[0].isIdempotent && !plan.steps[2].isIdempotent && plan.steps[2].drainMs == 45_000)
        guard case .flag(let flag) = plan.steps[0].work else { return #expect(Bool(false)) }
        #expect(flag.file == "/etc/rollguard/flags.json" && flag.evaluations == ["http://127.0.0.1:8016"])
    }

    @Test func everyPlaceOfFlagsIsRead() throws {
        let steps = [
            "{name: a, kind: flag, provider: flipt, flag: f, url: 'http://u', environment: e, safe_in_code: true, shared: true}",
            "{name: b, kind: flag, provider: configcat, flag: f, url: 'http://u', sdk_key_env: K}",
            "{name: c, kind: flag, provider: etcd, flag: f, url: 'http://u', "
                + "prove: {metric: 'evaluations_total{variant=\"on\"}', targets: baseline, still_for: 3, every: 1s}}",
            "{name: d, kind: flag, provider: redis, flag: f, address: '127.0.0.1:6379', auth: {basic: {user: u, password_env: P}}, "
                + "prove: {metric: m, targets: ['http://a/metrics']}}",
            "{name: e, kind: flag, provider: postgresql, flag: f, sql: {env_file: pg.env, write: 'update', read: 'select'}}",
        ]
        let result = Self.load("{steps: [\(steps.joined(separator: ", "))]}")
        #expect(Sample.errors(result) == [])
        let flags = try #require(result.plan?.releases[0].procedure).steps.compactMap { step -> FlagWork? in
            if case .flag(let work) = step.work { work } else { nil }
        }
        #expect(flags[0].isSafeInCode == true && flags[0].isShared == true && flags[1].isSafeInCode == nil)
        #expect(flags[1].sdkKey == .environment("K") && flags[1].environment == nil)
        #expect(flags[2].metric?.pools == [.baseline] && flags[2].metric?.durationMs == 3_000)
        #expect(flags[2].metric?.selector.metric == "evaluations_total")
        #expect(flags[3].metric?.urls == ["http://a/metrics"] && flags[3].metric?.pools == [])
        #expect(flags[4].statements?.environmentFile == "/etc/rollguard/pg.env")
        #expect(flags[4].statements?.program == "/usr/bin/psql")
        let warnings = result.warnings.map(\.description).filter { $0.contains("safe_in_code") }
        #expect(warnings.count == 4, "\(warnings)")
    }

    @Test func flagsThatAreServedAreRead() throws {
        let result = Sample.load(Sample.configuration + "\nflags: {listen: '127.0.0.1:9414', file: flags.json}\n")
        #expect(Sample.errors(result) == [])
        #expect(result.plan?.flags == FlagServerPlan(host: "127.0.0.1", port: 9_414, file: "/etc/rollguard/flags.json"))
        let errors = Sample.errors(Sample.load(Sample.configuration + "\nflags: {listen: '127.0.0.1:0', file: f}\n"))
        #expect(errors.count == 1 && errors[0].contains("applications have to know the port"), "\(errors)")
    }

    @Test func theSchemaIsRead() throws {
        let schema =
            "{tool: golang-migrate, command: [/usr/bin/psql, -XAt, -c, select], env_file: pg.env, every: 10s, timeout: 2s, "
            + "fits: {v1.4.2: {min: 41, max: 42}, v1.5.0: {min: 42}}}"
        let result = Self.load("{schema: \(schema)}")
        #expect(Sample.errors(result) == [])
        let plan = try #require(result.plan?.releases[0].procedure)
        let gate = try #require(plan.schema)
        #expect(plan.steps.isEmpty && plan.ordered.schema == nil, "a rollback does not freeze it")
        #expect(gate.tool == .golangMigrate && gate.everyMs == 10_000 && gate.timeoutMs == 2_000)
        #expect(gate.environmentFile == "/etc/rollguard/pg.env" && gate.command.count == 4)
        #expect(
            gate.fits == [
                SchemaFit(version: "v1.4.2", least: 41, most: 42), SchemaFit(version: "v1.5.0", least: 42),
            ])
        let names = Self.load(
            "{schema: {tool: dbmate, command: [/bin/a], fits: {v2: {requires: ['01', '02'], forbids: ['03']}}}}")
        #expect(Sample.errors(names) == [])
        #expect(
            names.plan?.releases[0].procedure?.schema?.fits
                == [SchemaFit(version: "v2", requires: ["01", "02"], forbids: ["03"])])
    }

    @Test(
        arguments: [
            ("{deadline: 5m}", "'plan' needs 'steps', 'schema' or both"),
            (
                "{schema: {tool: golang-migrate, command: [/bin/a], fits: {v1: {requires: ['1']}}}}",
                "\"v1\": a schema of golang-migrate is compared by 'min' and 'max'"
            ),
            (
                "{schema: {tool: rails, command: [/bin/a], fits: {v1: {min: 4}}}}",
                "\"v1\": a schema of rails is compared by 'requires' and 'forbids'"
            ),
            (
                "{schema: {tool: golang-migrate, command: [/bin/a], fits: {v1: {min: 4, max: 3}}}}",
                "'min' is above 'max'"
            ),
            (
                "{schema: {tool: list, command: [/bin/a], fits: {v1: {}}}}",
                "\"v1\" has no requirement; write what it needs"
            ),
            ("{schema: {tool: list, command: [/bin/a]}}", "'schema' needs 'fits'"),
            (
                "{schema: {tool: list, command: [psql], fits: {v1: {requires: ['1']}}}}",
                "'psql' is no absolute path; write where the program is, such as /usr/bin/psql"
            ),
        ])
    func aSchemaThatSaysNothingIsRefused(_ plan: String, _ message: String) {
        let errors = Sample.errors(Self.load(plan))
        #expect(errors.count == 1 && errors[0].hasSuffix(message), "\(errors)")
    }

    @Test func whatIsBesideAStepIsRead() throws {
        let flag = "kind: flag, at: split, provider: flagd_file, flag: new, file: f.json"
        let result = Self.load(
            "{steps: [{name: flag, \(flag)}, {name: old, \(flag.replacing("new", with: "old")), watch: 0s}, "
                + "{name: a, kind: exec, command: [/bin/a], prove: [/bin/b], idempotent: true, watch: 1m, together: true}, "
                + "{name: b, kind: exec, command: [/bin/a], idempotent: true, guard: {step: flag, is: [proved, done]}}, "
                + "{name: c, kind: person, text: x, remind: 10m, guard: {baseline: 'v1.4*', canary: v1.5.0}}, "
                + "{name: d, kind: person, text: x}]}")
        #expect(Sample.errors(result) == [])
        let steps = try #require(result.plan?.releases[0].procedure?.steps)
        #expect(steps.map(\.watchEveryMs) == [30_000, 0, 60_000, 0, 0, 0])
        #expect(steps.map(\.runsTogether) == [false, false, true, false, false, false])
        #expect(steps[3].condition == .step(name: "flag", states: [.proved, .done]))
        #expect(steps[4].condition == .versions(baseline: "v1.4*", canary: "v1.5.0"))
        #expect(steps[4].remindEveryMs == 600_000 && steps[5].remindEveryMs == 1_800_000)
    }

    private static let optionErrors: [(String, String)] = [
        (
            "{name: a, kind: exec, command: [/bin/a], idempotent: true, watch: 1m}",
            "'watch' needs a step that can be checked, with 'prove', and that may run again, 'idempotent: true'"
        ),
        (
            "{name: a, kind: exec, command: [/bin/a], prove: [/bin/b], idempotent: true, watch: 1s}",
            "'watch' must be 0s, or 5s at the least"
        ),
        ("{name: a, kind: person, text: x, guard: {step: b}}", "'guard' needs 'step' and 'is' together"),
        (
            "{name: a, kind: person, text: x, guard: {step: b, is: [done], canary: v2}}",
            "'guard' needs either 'step' with 'is', or 'baseline', 'canary' or both, or 'rule'"
        ),
        (
            "{name: a, kind: person, text: x, guard: {rule: Slow, canary: v2}}",
            "'guard' needs either 'step' with 'is', or 'baseline', 'canary' or both, or 'rule'"
        ),
        (
            "{name: a, kind: person, text: x, when: begin, at: split, guard: {rule: Slow}}",
            "a guard on a rule is for a rollback: no rule leads to a way forward"
        ),
        (
            "{name: abc, kind: person, text: x}, {name: d, kind: person, text: x, guard: {step: abd, is: [done]}}",
            "the guard of step \"d\" names a step that is not there, \"abd\"; did you mean 'abc'?"
        ),
        (
            "{name: a, kind: person, text: x}, {name: b, kind: person, at: split, text: x, guard: {step: a, is: [done]}}",
            "the guard of step \"b\" needs a step that runs before it; \"a\" does not"
        ),
        (
            "{name: a, kind: person, text: x, together: true}, "
                + "{name: b, kind: person, text: x, together: true, guard: {step: a, is: [done]}}",
            "the guard of step \"b\" needs a step that is over before it; \"a\" runs together with it"
        ),
    ]

    @Test(arguments: optionErrors)
    func whatCannotBeAnsweredIsRefused(_ steps: String, _ message: String) {
        let errors = Sample.errors(Self.load("{steps: [\(steps)]}"))
        #expect(errors.count == 1 && errors[0].hasSuffix(": error: " + message), "\(errors)")
    }

    @Test func theRoadsAreRead() throws {
        let steps = [
            "{name: warm, kind: exec, when: begin, at: split, command: [/bin/warm], undo: [/bin/cool], undo_prove: [/bin/cold], "
                + "env: {A: b}, idempotent: true}",
            "{name: purge, kind: http, when: [promote, rollback], at: split, url: 'http://c/p', auth: {bearer_env: T}, "
                + "idempotent: true, undo: {url: 'http://c/u', method: PUT, prove: {url: 'http://c/s', contains: ok}}}",
            "{name: lag, kind: exec, when: watch, every: 10s, command: [/bin/lag], idempotent: true, on_failure: hold}",
            "{name: dump, kind: backup, when: promote, at: after, tool: sqlite, files: /b/*.db, restore_to: /b/live}",
            "{name: drop, kind: person, when: promote, at: after, text: drop the column, destructive: true}",
            "{name: on, kind: flag, when: begin, at: after, provider: flagd_file, flag: new, variant: 'on', file: f.json}",
            "{name: off, kind: flag, provider: flagd_file, flag: new, variant: 'off', file: f.json}",
        ]
        let result = Self.load("{steps: [\(steps.joined(separator: ", "))]}")
        #expect(Sample.errors(result) == [])
        let plan = try #require(result.plan?.releases[0].procedure)
        #expect(
            plan.steps.map(\.when) == [
                [.begin], [.promote, .rollback], [.watch], [.promote], [.promote], [.begin], [.rollback],
            ])
        #expect(plan.ordered.steps.map(\.name) == ["purge", "off"])
        #expect(plan.steps(on: .watch).map(\.intervalMs) == [10_000])
        let forward = try #require(plan.forward(from: "v1", to: "v2", isOneStep: false))
        #expect(
            forward.steps.map(\.name) == ["warm", "on", "purge", "dump", "drop"] && plan.steps[4].isDestructive == true)
        let undo = try #require(plan.steps[0].undo?.exec)
        #expect(
            undo.command == ["/bin/cool"] && undo.proof == ["/bin/cold"] && undo.environment == [TextPair("A", "b")])
        guard case .http(let request)? = plan.steps[1].undo else { return #expect(Bool(false)) }
        #expect(request.request.method == "PUT" && request.proof?.contains == "ok")
        #expect(request.request.security.authorization != nil, "it has the credentials of the step")
    }

    @Test(
        arguments: [
            (
                "{name: a, kind: person, text: x, at: before}",
                "no step of a rollback is 'at: before': nothing comes before the call of the router"
            ),
            (
                "{name: a, kind: person, text: x, when: begin}",
                "a step of 'begin' or 'promote' needs 'at': 'before', 'split' or 'after'"
            ),
            (
                "{name: a, kind: person, text: x, when: begin, at: drained}",
                "'at: drained' is of a rollback; 'begin' and 'promote' have 'before', 'split' and 'after'"
            ),
            (
                "{name: a, kind: exec, command: [/bin/a], idempotent: true, destructive: true}",
                "nothing destructive runs by itself: make it a step by hand ('kind: person'), or remove 'destructive'"
            ),
            (
                "{name: a, kind: person, text: x, when: watch}",
                "a step by hand cannot repeat: 'watch' is for what the daemon does"
            ),
            (
                "{name: a, kind: exec, command: [/bin/a], idempotent: false, when: watch}",
                "a step of 'watch' repeats, so it needs 'idempotent: true', or a 'prove' that is asked alone"
            ),
            (
                "{name: a, kind: exec, command: [/bin/a], idempotent: true, when: watch, at: after}",
                "a step of 'watch' repeats, so it has no 'at'; write 'every'"
            ),
            ("{name: a, kind: person, text: x, every: 5s}", "'every' goes with 'when: watch'"),
            (
                "{name: a, kind: exec, command: [/bin/a], idempotent: true, undo: [/bin/b]}",
                "'undo' goes with 'when: begin' or 'when: promote': a rollback is not undone"
            ),
            (
                "{name: a, kind: exec, command: [/bin/a], idempotent: true, when: begin, at: split, undo_prove: [/bin/b]}",
                "'undo_prove' goes with 'undo'"
            ),
            (
                "{name: a, kind: person, text: x, when: []}", "'when' needs each of its roads once, and one at least"
            ),
            (
                "{name: a, kind: person, text: x, when: begin, at: before}",
                "the step \"a\" is 'at: before', and nothing can wait for it: other clients set the share of a release without "
                    + "'steps'; use 'split' or 'after', or add 'steps'"
            ),
        ])
    func aRoadThatCannotBeGoneIsRefused(_ step: String, _ message: String) {
        let errors = Sample.errors(Self.load("{steps: [\(step)]}"))
        #expect(errors.count == 1 && errors[0].hasSuffix(": error: " + message), "\(errors)")
    }

    @Test(
        arguments: [
            ("{steps: []}", "'steps' of a plan must have 1 to 50 entries"),
            (
                "{steps: [{name: a}]}",
                "a step needs 'kind': 'exec', 'http', 'flag', 'consumers', 'event', 'backup', 'workload' or 'person'"
            ),
            (
                "{steps: [{name: a, kind: exce}]}",
                "'kind' must be 'exec', 'http', 'flag', 'consumers', 'event', 'backup', 'workload' or 'person', got 'exce'; "
                    + "did you mean 'exec'?"
            ),
            (
                "{steps: [{name: a, kind: exec, command: [warm], idempotent: true}]}",
                "'warm' is no absolute path; write where the program is, such as /usr/bin/psql"
            ),
            (
                "{steps: [{name: a, kind: exec, command: [/bin/warm]}]}",
                "a step of kind 'exec' needs 'idempotent'"
            ),
            ("{steps: [{name: a, kind: person}]}", "a step of kind 'person' needs 'text'"),
            (
                "{steps: [{name: a, kind: exec, command: [/bin/a], idempotent: true, env: {1A: x}}]}",
                "'1A' cannot name a variable of the program; use letters, digits and '_', and no ROLLGUARD_ at the beginning"
            ),
            (
                "{steps: [{name: a, kind: person, text: x, drain_for: 1s}]}", "'drain_for' goes with 'at: drained'"
            ),
            (
                "{steps: [{name: a, kind: flag, provider: unleash, flag: f, url: 'http://u', environment: e}]}",
                "a flag of 'unleash' needs 'project'"
            ),
            (
                "{steps: [{name: a, kind: flag, provider: unleash, flag: f, variant: no, project: p, url: 'http://u', environment: e}]}",
                "'variant' of unleash must be 'off' or 'on'"
            ),
            (
                "{steps: [{name: a, kind: http, url: 'http://u', idempotent: true, prove: {url: 'http://u'}}]}",
                "'prove' needs 'contains', or 'pointer' with 'equals': any answer would prove it"
            ),
            (
                "{steps: [{name: a, kind: http, url: 'http://u', idempotent: true, prove: {url: 'http://u', pointer: /a}}]}",
                "'prove' needs 'pointer' and 'equals' together"
            ),
            (
                "{steps: [{name: a, kind: flag, provider: flagd_file, flag: f, file: x.json}, "
                    + "{name: b, kind: flag, provider: flagd_file, flag: f, file: x.json}]}",
                "the steps \"a\" and \"b\" set the same flag, \"f\"; keep one of them"
            ),
            (
                "{steps: [{name: a, kind: flag, provider: redis, flag: f, address: nowhere}]}",
                "'address' must be an address such as 127.0.0.1:6379, got 'nowhere'; the port is missing"
            ),
            (
                "{steps: [{name: a, kind: flag, provider: configcat, flag: f, url: 'http://u'}]}",
                "a flag of 'configcat' needs 'environment'"
            ),
            (
                "{steps: [{name: a, kind: flag, provider: flagd_file, flag: f, file: x, timeout: 4s, prove: {metric: m}}]}",
                "'still_for' times 'every' is 4s, which has to be less than 'timeout'"
            ),
            (
                "{steps: [{name: a, kind: person, text: x}, {name: a, kind: person, text: y}]}",
                "step \"a\" is already in line 15; names are unique"
            ),
        ])
    func aMistakeIsReportedAtItsPlace(_ plan: String, _ expected: String) {
        let errors = Sample.errors(Self.load(plan))
        #expect(errors.count == 1 && errors[0].hasSuffix(": error: " + expected), "\(errors)")
        #expect(errors.first?.hasPrefix("rollguard.yaml:") == true)
    }
}
