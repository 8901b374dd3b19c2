import Foundation
import Testing

/// Two daemons that ship, over a real PostgreSQL: the short form of `scripts/replicas --store postgresql`.
@Suite(
    "Several daemons over PostgreSQL", .serialized,
    .enabled(
        if: Executable.path != nil && InstalledPostgres.isThere && RealProgram.path("python3") != nil,
        "needs the executable, postgresql, psql and python3"), .timeLimit(.minutes(5)))
struct PostgresReplicaTests {
    /// The leader is killed and cut off, and PostgreSQL itself is away, while a version turns sick or is led to the end.
    @Test func noRollbackWaitsForPostgreSQL() async throws {
        let folder = try Scratch.folder("replicas-postgresql")
        defer { try? FileManager.default.removeItem(at: folder) }
        let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("scripts/replicas")
        let proof = try Executable(
            program: "/usr/bin/env",
            [
                "python3", script.path, Executable.path ?? "", "--store", "postgresql", "--replicas", "2", "--cycles",
                "3", "--stop", "5", "--step", "1500", "--kinds", "kill,cut store,quorum", "--seed", "7",
            ], folder: folder)
        let end = await proof.end(withinSeconds: 280)
        #expect(end?.status == 0, "\(proof.text)")
        #expect(!proof.text.contains("| rollbacks wanted, lost | 0, "), "\(proof.text)")
    }
}

/// What the script starts.
private enum InstalledPostgres {
    static let isThere =
        RealProgram.path("psql") != nil
        && ((try? FileManager.default.contentsOfDirectory(atPath: "/usr/lib/postgresql")) ?? []).contains {
            FileManager.default.isExecutableFile(atPath: "/usr/lib/postgresql/\($0)/bin/initdb")
        }
}
