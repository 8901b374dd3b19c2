import Foundation
import Model
import Ports
import Testing

@testable import PlanSteps

/// What programs print of a schema.
@Suite("Reading a schema")
struct SchemaReaderTests {
    private let folder = TestFolder()

    @Test(arguments: [
        ("42|f\n", SchemaReading(number: 42)), ("42\t0", SchemaReading(number: 42)), ("42", SchemaReading(number: 42)),
        ("42|t\n", SchemaReading(number: 42, dirty: "version 42")),
        ("42 (dirty)\n", SchemaReading(number: 42, dirty: "version 42")), ("\n", SchemaReading()),
        ("error: no migration\n", SchemaReading()),
    ])
    func golangMigrateStoresOneNumber(_ output: String, _ reading: SchemaReading) {
        #expect(SchemaOutput(text: output, tool: .golangMigrate).report == .read(reading))
    }

    @Test(arguments: [SchemaGate.Tool.dbmate, .rails, .alembic, .django, .list])
    func othersStoreNames(_ tool: SchemaGate.Tool) {
        let report = SchemaOutput(text: "20260101\n 20260102\n\n", tool: tool).report
        #expect(report == .read(SchemaReading(applied: ["20260101", "20260102"])))
        #expect(SchemaOutput(text: "", tool: tool).report == .read(SchemaReading()))
    }

    @Test func flywayAndAtlasStoreStates() {
        let flyway = SchemaOutput(text: "1|t\n1.2|f\n", tool: .flyway).report
        #expect(flyway == .read(SchemaReading(applied: ["1", "1.2"], dirty: "1.2 has failed")))
        let atlas = SchemaOutput(text: "1|3|3|\n2|1|3|\n", tool: .atlas).report
        #expect(atlas == .read(SchemaReading(applied: ["1", "2"], dirty: "2: 1 of 3 statements")))
        let failed = SchemaOutput(text: "2|1|1|syntax\n", tool: .atlas).report
        #expect(failed == .read(SchemaReading(applied: ["2"], dirty: "2: syntax")))
    }

    @Test(arguments: [
        ("NOTICE: x\n42|f\n", SchemaGate.Tool.golangMigrate), ("4|2|f", .golangMigrate), ("42|maybe", .golangMigrate),
        ("-", .golangMigrate), ("1\n", .flyway), ("1|2\n", .atlas), ("|t\n", .flyway),
    ])
    func anythingElseIsNoReading(_ output: String, _ tool: SchemaGate.Tool) {
        guard case .unreadable(let reason) = SchemaOutput(text: output, tool: tool).report else {
            Issue.record("\(output) was read")
            return
        }
        #expect(reason.contains("expected"))
    }

    /// Real programs: a table that is not there is an empty schema, an error is none.
    @Test(arguments: [
        ("echo '42|f'", SchemaReport.read(SchemaReading(number: 42))),
        (
            "echo 'ERROR:  relation \"schema_migrations\" does not exist' >&2; exit 3",
            .read(SchemaReading())
        ),
        ("echo 'Error: no such table: schema_migrations' >&2; exit 1", .read(SchemaReading())),
        (
            "echo \"ERROR 1146 (42S02): Table 'app.schema_migrations' doesn't exist\" >&2; exit 1",
            .read(SchemaReading())
        ),
    ])
    func theProgramIsRun(_ script: String, _ expected: SchemaReport) async throws {
        #expect(try await read(script) == expected)
    }

    @Test func aServerThatIsAwayOrHangsIsNoReading() async throws {
        guard case .unreadable(let away) = try await read("echo 'could not connect to server' >&2; exit 2") else {
            Issue.record("it was read")
            return
        }
        #expect(away.contains("ended with 2") && away.contains("could not connect"))
        guard case .unreadable(let hung) = try await read("sleep 30", timeoutMs: 200) else {
            Issue.record("it was read")
            return
        }
        #expect(hung.contains("did not end within 200 ms"))
        let gate = SchemaGate(command: ["/no/such/program"])
        guard case .unreadable = await SchemaReader(exec: ExecStepDriver(runs: nil)).read(gate, release: "a") else {
            Issue.record("it was read")
            return
        }
    }

    private func read(_ script: String, timeoutMs: Int64 = 5_000) async throws -> SchemaReport {
        let gate = SchemaGate(command: try folder.script(script), timeoutMs: timeoutMs)
        return await SchemaReader(exec: ExecStepDriver(runs: nil)).read(gate, release: "checkout")
    }
}
