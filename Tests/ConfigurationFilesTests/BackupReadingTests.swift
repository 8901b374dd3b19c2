import ConfigurationFiles
import Model
import Testing

/// Steps that check backups or set workloads, and what a schema gate has beside its table.
struct BackupReadingTests {
    private static let router = "{kind: gray, instances: [\"http://127.0.0.1:9412\"]}"

    private static func load(_ plan: String) -> Rulebook.Result {
        Sample.load(Sample.changed(router, to: router + "\n    plan: " + plan))
    }

    private static func plan(_ steps: String...) throws -> ProcedurePlan {
        let result = load("{steps: [\(steps.joined(separator: ", "))]}")
        try #require(Sample.errors(result) == [])
        return try #require(result.plan?.releases[0].procedure)
    }

    private static let dump =
        "{name: dump, kind: backup, tool: pg_dump, files: '/b/*.dump', max_age: 6h, restore_to: app}"

    @Test func aBackupIsRead() throws {
        let plan = try Self.plan(
            Self.dump,
            "{name: lake, kind: backup, tool: restic, repository: /r, options: [--tag=db], read_subset: 1/10, size: [10, 900], "
                + "restore_test: {file: ok, max_age: 1d}, restore: 'restore it', env_file: r.env, timeout: 1h}",
            "{name: drop, kind: person, destructive: true, text: drop it}")
        let dump = try #require(plan.steps[0].work.backup)
        #expect(dump.tool == .pgDump && dump.files == "/b/*.dump" && dump.maxAgeMs == 21_600_000)
        #expect(dump.restoreTo == "app" && dump.leastPercent == 50 && dump.mostPercent == 200)
        #expect(plan.steps[0].isIdempotent && plan.steps[0].timeoutMs == 1_800_000)
        let lake = try #require(plan.steps[1].work.backup)
        #expect(lake.options == ["--tag=db"] && lake.readSubset == "1/10" && lake.leastPercent == 10)
        #expect(lake.restoreTest == RestoreTest(file: "/etc/rollguard/ok", maxAgeMs: 86_400_000))
        #expect(lake.environmentFile == "/etc/rollguard/r.env" && lake.restore == "restore it")
        #expect(plan.steps[2].isDestructive == true && plan.steps[0].isDestructive == nil)
    }

    @Test func aWorkloadIsRead() throws {
        let plan = try Self.plan(
            "{name: a, kind: workload, tool: kubernetes, url: 'http://k', deployment: d, replicas: 0, namespace: shop}",
            "{name: b, kind: workload, tool: nomad, url: 'http://n', job: j, job_version: 3}",
            "{name: c, kind: workload, tool: systemd, unit: 'a@{baseline}.service', "
                + "prove: {url: 'http://a/version', contains: '{baseline}'}, at: proof}",
            "{name: d, kind: workload, tool: ansible, playbook: p.yml, inventory: hosts, vars: {version: '{baseline}'}, "
                + "idempotent: false}")
        let works = plan.steps.compactMap(\.work.workload)
        #expect(works.count == 4 && works[0].replicas == 0 && works[0].namespace == "shop")
        #expect(works[1].jobVersion == 3)
        #expect(plan.steps.map(\.at) == [.drained, .drained, .proof, .drained])
        #expect(works[2].unit == "a@{baseline}.service" && works[2].proof?.contains == "{baseline}")
        #expect(
            works[3].playbook == "/etc/rollguard/p.yml" && works[3].variables == [TextPair("version", "{baseline}")])
        #expect(plan.steps.map(\.isIdempotent) == [true, true, true, false])
        #expect(plan.steps.map(\.hasProof) == [true, true, true, false])
    }

    @Test func theGateHasItsAnswers() throws {
        let result = Self.load(
            "{schema: {tool: liquibase, command: [/bin/a], running: {command: [/bin/b, -c]}, on_breach: rollback, unknown: hold, "
                + "fits: {v1: {requires: ['f::1::a']}}}}")
        #expect(Sample.errors(result) == [])
        let gate = try #require(result.plan?.releases[0].procedure?.schema)
        #expect(gate.tool == .liquibase && gate.running == ["/bin/b", "-c"])
        #expect(gate.onBreach == .rollback && gate.unknown == .hold)
    }

    @Test(
        arguments: [
            (
                "{name: a, kind: person, destructive: true, text: x}",
                "the step \"a\" is destructive and no step before it checks a backup; write a step of kind 'backup' before it"
            ),
            (
                "{name: a, kind: person, destructive: true, text: x}, " + BackupReadingTests.dump,
                "the step \"a\" is destructive and no step before it checks a backup; write a step of kind 'backup' before it"
            ),
            ("{name: a, kind: backup, tool: pg_dump, restore_to: app}", "a backup of 'pg_dump' needs 'files'"),
            ("{name: a, kind: backup, tool: sqlite, files: /b/x}", "a backup of 'sqlite' needs 'restore_to'"),
            ("{name: a, kind: backup, tool: pgbackrest}", "a backup of 'pgbackrest' needs 'stanza'"),
            ("{name: a, kind: backup, tool: command, restore: x}", "a backup of 'command' needs 'command'"),
            (
                "{name: a, kind: backup, tool: pg_dump, files: '/b/*/x', restore_to: a}",
                "only the last part of 'files' may have '*' and '?'"
            ),
            (
                "{name: a, kind: backup, tool: pg_dump, files: /b/x, restore_to: a, size: [200, 50]}",
                "'size' needs the least and the most percentage, such as [50, 200]"
            ),
            (
                "{name: a, kind: backup, tool: pg_dump, files: /b/x, restore_to: a, restore_test: {max_age: 1d}}",
                "'restore_test' needs 'file' or 'command'"
            ),
            (
                "{name: a, kind: workload, tool: kubernetes, url: 'http://k', deployment: d}",
                "a workload of 'kubernetes' needs one of 'replicas', 'revision' and 'image'"
            ),
            (
                "{name: a, kind: workload, tool: kubernetes, url: 'http://k', deployment: d, replicas: 0, at: split}",
                "'replicas: 0' cuts off what the canary has in hand; it needs 'at: drained'"
            ),
            (
                "{name: a, kind: workload, tool: nomad, url: 'http://n', job: j, job_version: 3, fail_deployment: true}",
                "a workload of 'nomad' needs either 'job_version' or 'fail_deployment'"
            ),
            ("{name: a, kind: workload, tool: systemd}", "a workload of 'systemd' needs 'unit'"),
            (
                "{name: a, kind: workload, tool: ansible, playbook: p.yml}",
                "a workload of 'ansible' needs 'idempotent'"
            ),
        ])
    func whatDoesNotGoTogetherIsRefused(_ steps: String, _ expected: String) {
        let errors = Sample.errors(Self.load("{steps: [\(steps)]}"))
        #expect(errors.count == 1 && errors[0].hasSuffix(": error: " + expected), "\(errors)")
    }
}
