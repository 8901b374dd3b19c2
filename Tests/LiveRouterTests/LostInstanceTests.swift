import DemoWorld
import Foundation
import Testing

/// Two HAProxys, one of which is gone while the canary is taken out.
@Suite(
    "Several instances of a router",
    .enabled(
        if: Programs.rollguard != nil && LiveRouter.haproxyTwo.missing.isEmpty, "haproxy is not installed"))
struct LostInstanceTests {
    @Test(.timeLimit(.minutes(15)))
    func oneThatIsLostDelaysNoOtherAndIsCorrectedWhenItComesBack() async throws {
        try await FewAtOnce.shared.run {
            let scene = try await Scene(.haproxyTwo)
            do { try await Self.lose(scene) } catch {
                await scene.stop()
                throw error
            }
            await scene.stop()
        }
    }

    private static func lose(_ scene: Scene) async throws {
        try await scene.startRouter()
        try await scene.startDaemon()
        let load = LoadGenerator(
            target: "127.0.0.1:\(scene.ports[8080])", requestsPerSecond: 100, users: 100, seed: 1)
        let running = Task { await load.run() }
        defer { running.cancel() }
        #expect(await eventually { scene.daemonText.contains("checkout: watching") }, "\(scene.daemonText)")
        await scene.kill(process: 1)
        await scene.new.setFault(.errors(share: 0.5))

        // The one that lives moves at once; the rollback is not acknowledged yet.
        #expect(await eventually { try await scene.incident() != nil }, "\(scene.daemonText)")
        #expect(await eventually { await count(scene, entry: 8080) == ["v1": 50] }, "\(scene.daemonText)")
        let open = try #require(try await scene.incident())
        #expect(open.state != "acknowledged", "\(open.timeline)")

        // It comes back with its file's 90 to 10 and is put right before anybody says that it is done.
        await scene.new.setFault(.none)
        try await scene.start(process: 1)
        #expect(await eventually { try await scene.incident()?.state == "acknowledged" }, "\(scene.daemonText)")
        #expect(await count(scene, entry: 8090) == ["v1": 50])
        #expect(await count(scene, entry: 8080) == ["v1": 50])
        await load.stop()
    }

    private static func count(_ scene: Scene, entry: Int) async -> [String: Int] {
        let load = LoadGenerator(
            target: "127.0.0.1:\(scene.ports[entry])", requestsPerSecond: 500, users: 100, seed: 2, requestLimit: 50)
        await load.run()
        return await load.statistics().answersByVersion
    }
}
