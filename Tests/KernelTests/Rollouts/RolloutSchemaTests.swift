import Model
import Testing

@testable import Kernel

/// Scenario 10 of the plans: a canary before its schema.
@Suite("A rollout and the schema of the database")
struct RolloutSchemaTests {
    private func world(_ schema: SchemaReport?) -> KernelHarness {
        var world = KernelHarness.led()
        let gate = SchemaGate(
            command: ["/bin/psql"], everyMs: 5_000, timeoutMs: 1_000,
            fits: [
                SchemaFit(version: "v1.4.2", least: 41, most: 42), SchemaFit(version: "v1.5.0", least: 42, most: 43),
            ])
        world.plan.releases[0].procedure = ProcedurePlan(schema: gate)
        world.schema = schema
        world.send(.reload(world.plan))
        return world
    }

    private func at(_ number: Int64, dirty: String? = nil) -> SchemaReport {
        .read(SchemaReading(number: number, dirty: dirty))
    }

    @Test(arguments: [
        SchemaReport.read(SchemaReading(number: 41)), .read(SchemaReading()), .unreadable("no server"),
        .read(SchemaReading(number: 42, dirty: "version 42")), .read(SchemaReading(number: 42, running: "1 by psql")),
        nil,
    ])
    func nothingBeginsBeforeTheSchemaIsThere(_ early: SchemaReport?) {
        var world = world(early)
        _ = world.begin()
        world.cycle(20)
        #expect(world.applied.isEmpty && world.running?.step == 0, "\(world.waitsFor)")
        #expect(!world.waitsFor.isEmpty)
        world.schema = at(42)
        let hasBegun = world.cycle(untilStep: 1)
        #expect(hasBegun, "\(world.waitsFor)")
    }

    @Test func nothingGoesUpWhileItDoesNotFit() {
        var world = world(at(42))
        _ = world.begin()
        world.cycle(untilStep: 2)
        world.schema = at(42, dirty: "version 43")
        world.cycle(40)
        #expect(world.running?.step == 2 && world.running?.isHalted(.schema) == true, "\(world.waitsFor)")
        #expect(world.count(.rolloutHalted) == 1)
        world.schema = at(42)
        let continues = world.cycle(untilStep: 3)
        #expect(continues, "\(world.waitsFor)")
        #expect(world.count(.rolloutUnhalted) == 1)
    }

    /// What is not known stops neither a rollout that has begun nor a rollback.
    @Test func aSchemaThatCannotBeReadAnyMoreHaltsNothing() {
        var world = world(at(42))
        _ = world.begin()
        world.cycle(untilStep: 2)
        world.schema = .unreadable("no server")
        let continues = world.cycle(untilStep: 3)
        #expect(continues, "\(world.waitsFor)")
        world.canary.errors = 30
        world.cycle(25)
        #expect(world.release.phase == .rolledBack)
    }

    @Test func aVersionWithoutAnEntryWaits() {
        var world = world(at(42))
        world.cycle(3)
        _ = world.order(.begin(PrepareOrder(version: VersionIdentity("v1.6.0"))))
        world.cycle(20)
        #expect(world.applied.isEmpty && world.waitsFor.contains("no entry for v1.6.0"), "\(world.waitsFor)")
    }
}
