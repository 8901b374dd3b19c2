import Foundation
import Testing

/// Three daemons that ship, over a real etcd, which share their releases out.
@Suite(
    "A fleet of daemons", .serialized,
    .enabled(
        if: Executable.path != nil && RealProgram.path("etcd") != nil && RealProgram.path("python3") != nil,
        "needs the executable, etcd and python3"), .timeLimit(.minutes(10)))
struct FleetDaemonTests {
    /// One joins, one leaves by SIGTERM, one is killed during a rollout, two are killed at once.
    @Test func nothingIsLostWhenMembersComeAndGo() async throws {
        let folder = try Scratch.folder("fleet-daemons")
        defer { try? FileManager.default.removeItem(at: folder) }
        let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("scripts/fleet.py")
        let proof = try Executable(
            program: "/usr/bin/env", ["python3", script.path, Executable.path ?? ""], folder: folder)
        let end = await proof.end(withinSeconds: 480)
        #expect(end?.status == 0, "\(proof.text)")
        #expect(proof.text.contains("| failures | 0 |"), "\(proof.text)")
    }
}
