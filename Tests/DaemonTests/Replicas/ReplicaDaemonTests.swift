import Foundation
import Testing

/// Three daemons that ship, over a real etcd: the short form of `scripts/replicas`, whose long form is run by hand.
@Suite(
    "Several daemons", .serialized,
    .enabled(
        if: Executable.path != nil && RealProgram.path("etcd") != nil && RealProgram.path("python3") != nil,
        "needs the executable, etcd and python3"), .timeLimit(.minutes(5)))
struct ReplicaDaemonTests {
    /// The leader is killed, stopped, and cut off from etcd, while a version turns sick or is led to the end.
    @Test func noRollbackIsLostAndNoPromotionDoubled() async throws {
        let folder = try Scratch.folder("replicas")
        defer { try? FileManager.default.removeItem(at: folder) }
        let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("scripts/replicas")
        let proof = try Executable(
            program: "/usr/bin/env",
            [
                "python3", script.path, Executable.path ?? "", "--cycles", "3", "--members", "1", "--stop", "5",
                "--step", "1500", "--kinds", "kill,stop,cut store", "--seed", "55",
            ], folder: folder)
        let end = await proof.end(withinSeconds: 240)
        #expect(end?.status == 0, "\(proof.text)")
        #expect(proof.text.contains("| cycles | 3 |"), "\(proof.text)")
        #expect(!proof.text.contains("| rollbacks wanted, lost | 0, "), "nothing turned sick: \(proof.text)")
    }
}
