import Model
import Testing

@testable import Kernel

/// The schema that both versions use: it keeps a canary back, and it closes the way back. It never delays a rollback.
@Suite("The schema of the database")
struct SchemaTests {
    private static let gate = SchemaGate(
        command: ["/bin/psql"], everyMs: 5_000, timeoutMs: 1_000,
        fits: [SchemaFit(version: "v1", least: 41, most: 42), SchemaFit(version: "v2", least: 42, most: 43)])

    private func world(_ schema: SchemaReport?, steps: [ProcedureStep] = []) -> KernelHarness {
        var world = KernelHarness()
        world.plan.releases[0].procedure = ProcedurePlan(steps: steps, schema: Self.gate)
        world.schema = schema
        world.send(.reload(world.plan))
        world.cycle(15)
        return world
    }

    private func at(_ number: Int64?, dirty: String? = nil) -> SchemaReport {
        .read(SchemaReading(number: number, dirty: dirty))
    }

    @Test(
        arguments: [
            (42, "fits", "fits"), (41, "fits", "absent"), (43, "contracted", "fits"), (40, "absent", "absent"),
            (44, "contracted", "contracted"), (nil, "absent", "absent"),
        ] as [(Int64?, String, String)])
    func aNumberIsCompared(_ number: Int64?, _ old: String, _ new: String) {
        let report = SchemaReport.read(SchemaReading(number: number))
        #expect(Self.gate.answer(to: report, version: "v1").name == old)
        #expect(Self.gate.answer(to: report, version: "v2").name == new)
        #expect(Self.gate.answer(to: report, version: "v3").name == "unknown")
        #expect(Self.gate.answer(to: .unreadable("x"), version: "v1").name == "unknown")
        let dirty = SchemaReport.read(SchemaReading(number: number, dirty: "it"))
        #expect(Self.gate.answer(to: dirty, version: "v1").name == "dirty")
    }

    @Test(
        arguments: [
            ([], "absent"), (["1"], "absent"), (["1", "2"], "fits"), (["2", "1"], "fits"),
            (["1", "2", "3"], "contracted"),
            (["3"], "contracted"),
        ] as [([String], String)])
    func namesAreASet(_ applied: [String], _ expected: String) {
        let gate = SchemaGate(tool: .dbmate, fits: [SchemaFit(version: "v1", requires: ["1", "2"], forbids: ["3"])])
        #expect(gate.answer(to: .read(SchemaReading(applied: applied)), version: "v1").name == expected)
    }

    /// Scenario 9 of the plans: contracted while the canary is watched.
    @Test func aContractedSchemaClosesTheWayBack() throws {
        var world = world(at(42))
        #expect(world.release.schema == "version 42: v1 fits, v2 fits" && world.release.warnings == [])
        world.schema = at(43)
        world.cycle(8)
        #expect(world.journal.map(\.event.name).filter { $0 == "way_back_closed" }.count == 1)
        let message = try #require(world.deliveries.last { $0.notification.event == .wayBackClosed }?.notification)
        #expect(
            Severity(message) == .critical && message.summary.contains("the schema is at 43, and v1 works up to 42"))
        #expect(world.release.warnings.contains { $0.hasPrefix("the way back is closed") })
        #expect(world.kernel.standingAlerts(at: world.now).contains { $0.event == .wayBackClosed })
        world.canary.errors = 40
        world.cycle(20)
        #expect(world.applied.isEmpty, "users are not moved to a version that cannot work")
        #expect(world.release.phase == .held)
        #expect(
            world.journal.contains { if case .held(let hold) = $0.event { hold.reason.contains("43") } else { false } })
    }

    /// An operator may insist, and is warned first.
    @Test func anOperatorGoesBackEvenThen() {
        var world = world(at(43))
        let command = Command.rollback(release: "checkout", toVersion: nil)
        guard case .refused(let text) = world.command(command) else {
            Issue.record("it was not refused")
            return
        }
        #expect(text.contains("--even-contracted"), "\(text)")
        #expect(world.applied.isEmpty)
        let insisted = Command.rollback(release: "checkout", toVersion: nil, evenContracted: true)
        guard case .accepted = world.command(insisted) else {
            Issue.record("it was not accepted")
            return
        }
        world.cycle(2)
        #expect(!world.applied.isEmpty)
    }

    /// It fits again: reported once, and the fault of the canary leads to a rollback.
    @Test func aSchemaThatIsRepairedOpensIt() {
        var world = world(at(43))
        world.canary.errors = 40
        world.cycle(12)
        #expect(world.applied.isEmpty)
        world.schema = at(42)
        world.cycle(12)
        #expect(world.count(.wayBackOpened) == 1 && world.count(.wayBackClosed) == 1)
        #expect(!world.applied.isEmpty)
    }

    /// What is not known, dirty or too old stops nothing, and is no end of a closed way.
    @Test(arguments: [
        nil, SchemaReport.unreadable("no server"), .read(SchemaReading(number: 43, dirty: "version 43")),
    ])
    func anUnknownSchemaStopsNoRollback(_ report: SchemaReport?) {
        var world = world(report)
        world.canary.errors = 40
        world.cycle(15)
        #expect(!world.applied.isEmpty)
    }

    /// The last reading counts while it is young; then it says nothing more.
    @Test func anOldReadingSaysNothing() {
        var world = world(at(43))
        world.schema = .unreadable("no server")
        world.cycle(10)
        #expect(world.release.schema == "version 43: v1 contracted, v2 fits")
        world.cycle(20)
        #expect(world.release.schema == "cannot be read: no server")
        #expect(world.count(.wayBackOpened) == 0, "it is not known to be open")
        world.canary.errors = 40
        world.cycle(15)
        #expect(!world.applied.isEmpty)
    }

    /// A reading that hangs: the router's calls come at the same moments, and it is asked again after its time.
    @Test func aReadingThatHangsDelaysNothing() {
        func run(_ schema: SchemaGate?, _ report: SchemaReport?) -> (shares: [Split], atMs: Int64, reads: Int) {
            var world = KernelHarness()
            if let schema { world.plan.releases[0].procedure = ProcedurePlan(schema: schema) }
            world.schema = report
            world.send(.reload(world.plan))
            world.cycle(15)
            world.canary.errors = 40
            while world.applied.isEmpty { world.cycle(1) }
            let atMs = world.now.uptimeMs
            world.cycle(20)
            return (world.applied, atMs, world.schemaReads)
        }
        let (without, hanging, fitting) = (run(nil, nil), run(Self.gate, nil), run(Self.gate, at(42)))
        #expect(without.shares == hanging.shares && without.atMs == hanging.atMs)
        #expect(without.shares == fitting.shares && without.atMs == fitting.atMs)
        #expect(without.reads == 0 && hanging.reads > 2 && fitting.reads > hanging.reads)
    }

    /// A restart reports nothing twice, and reads at once.
    @Test func aRestartKnowsWhatWasReported() {
        var world = world(at(43))
        #expect(world.count(.wayBackClosed) == 1)
        world.restart()
        world.cycle(5)
        #expect(world.count(.wayBackClosed) == 1)
        world.schema = at(42)
        world.cycle(8)
        #expect(world.count(.wayBackOpened) == 1)
    }

    /// The gate goes with a reload, and so does what was reported.
    @Test func aReloadWithoutItOpensTheWay() {
        var world = world(at(43))
        world.plan.releases[0].procedure = nil
        world.send(.reload(world.plan))
        world.cycle(2)
        #expect(world.count(.wayBackOpened) == 1 && world.release.schema == nil)
    }

    // MARK: A canary before its schema

    private func gated(
        _ schema: SchemaReport, onBreach: SchemaGate.OnBreach = .page, unknown: SchemaGate.WhenUnknown = .ignore
    ) -> KernelHarness {
        var world = KernelHarness()
        var gate = Self.gate
        (gate.onBreach, gate.unknown) = (onBreach, unknown)
        world.plan.releases[0].procedure = ProcedurePlan(schema: gate)
        world.schema = schema
        world.send(.reload(world.plan))
        world.cycle(15)
        return world
    }

    /// Scenario 10: the router shows traffic although the schema is absent.
    @Test func aCanaryBeforeItsSchemaIsReportedOnce() throws {
        var world = gated(at(41))
        world.cycle(20)
        #expect(world.count(.schemaBreached) == 1 && world.applied.isEmpty)
        let message = try #require(world.deliveries.last { $0.notification.event == .schemaBreached }?.notification)
        #expect(Severity(message) == .critical && message.summary.contains("the schema is at 41, and v2 needs 42"))
        #expect(world.kernel.standingAlerts(at: world.now).contains { $0.event == .schemaBreached })
        world.restart()
        world.cycle(8)
        #expect(world.count(.schemaBreached) == 1, "a restart reports nothing twice")
        world.schema = .unreadable("no server")
        world.cycle(40)
        #expect(world.count(.schemaBreachEnded) == 0, "it is not known to be there")
        world.schema = at(42)
        world.cycle(8)
        #expect(world.count(.schemaBreachEnded) == 1 && world.applied.isEmpty)
    }

    @Test func itIsRolledBackWhereThePlanWantsThat() throws {
        var world = gated(at(41), onBreach: .rollback)
        world.cycle(15)
        #expect(world.incidents.count == 1 && !world.applied.isEmpty)
        #expect(world.incidents[0].isAcknowledged)
        guard case .rollout(let trigger) = world.incidents[0].intent.trigger else {
            Issue.record("\(world.incidents[0].intent.trigger)")
            return
        }
        #expect(trigger.kind == .gate && trigger.by == "schema" && trigger.reason.contains("without its schema"))
        #expect(world.count(.schemaBreached) == 1 && world.count(.schemaBreachEnded) == 1)
    }

    /// Neither a way back that is closed nor a schema that is dirty, running or unknown is a reason to go back.
    @Test(arguments: [
        SchemaReport.read(SchemaReading(number: 41, dirty: "version 42")),
        .read(SchemaReading(number: 41, running: "1 by psql")), .unreadable("no server"),
        .read(SchemaReading(number: 42)),
    ])
    func onlyAnAbsentSchemaIsABreach(_ report: SchemaReport) {
        let world = gated(report, onBreach: .rollback)
        #expect(world.incidents.isEmpty && world.count(.schemaBreached) == 0)
    }

    @Test func aDryRunSaysItOnce() {
        var plan = Plan.example()
        var gate = Self.gate
        gate.onBreach = .rollback
        plan.releases[0].procedure = ProcedurePlan(schema: gate)
        var world = KernelHarness(plan: plan, isDryRun: true)
        world.schema = at(41)
        world.cycle(40)
        #expect(world.applied.isEmpty && world.incidents.count == 1)
    }

    /// A rollback that a rule asks for waits for an operator, whose order is carried out.
    @Test func anUnknownSchemaHoldsWhereThePlanWantsThat() {
        var world = gated(.unreadable("no server"), unknown: .hold)
        world.canary.errors = 40
        world.cycle(20)
        #expect(world.applied.isEmpty && world.release.phase == .held)
        #expect(world.count(.rollbackHeld) == 1)
        guard case .accepted = world.command(.rollback(release: "checkout", toVersion: nil)) else {
            Issue.record("the operator was refused")
            return
        }
        world.cycle(3)
        #expect(!world.applied.isEmpty)
    }

    @Test func aKnownSchemaReleasesTheHold() {
        var world = gated(.unreadable("no server"), unknown: .hold)
        world.canary.errors = 40
        world.cycle(15)
        #expect(world.applied.isEmpty)
        world.schema = at(42)
        world.cycle(12)
        #expect(!world.applied.isEmpty)
    }

    /// What is gone is gone, whatever runs; anything else is not known before the migration has ended.
    @Test(arguments: [(41, "running"), (42, "running"), (43, "contracted")] as [(Int64, String)])
    func aMigrationThatRuns(_ number: Int64, _ expected: String) {
        let report = SchemaReport.read(SchemaReading(number: number, running: "1 by psql"))
        #expect(Self.gate.answer(to: report, version: "v1").name == expected)
        let dirty = SchemaReport.read(SchemaReading(number: 43, dirty: "version 43", running: "1 by psql"))
        #expect(Self.gate.answer(to: dirty, version: "v1").name == "running")
    }
}
