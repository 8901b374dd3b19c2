import DemoWorld
import Foundation
import Testing

/// Two Envoys, one of which is not there when the rollback comes.
@Suite("A lost Envoy", .enabled(if: Programs.rollguard != nil, "rollguard was not built beside the tests"))
struct LostEnvoyTests {
    @Test(.timeLimit(.minutes(15)))
    func theOtherOneIsMovedAtOnceAndTheLostOneWhenItIsBack() async throws {
        let router = LiveRouter.envoyTwo
        guard router.missing.isEmpty else {
            try Test.cancel("not installed: \(router.missing.joined(separator: ", ")); see scripts/setup.sh")
        }
        try await FewAtOnce.shared.run {
            let scene = try await Scene(router)
            do { try await perform(scene) } catch {
                await scene.stop()
                throw error
            }
            await scene.stop()
        }
    }

    private func perform(_ scene: Scene) async throws {
        try await scene.startRouter()
        try await scene.startDaemon()
        let isWatched = await eventually { scene.daemonText.contains("checkout: watching") }
        try #require(isWatched, "\(scene.daemonText)")
        await scene.kill(process: 1)
        let load = load(scene, entry: 0, seed: 1)
        let running = Task { await load.run() }
        defer { running.cancel() }
        await scene.new.setFault(.errors(share: 0.5))

        let isMoved = await eventually(200, everyMs: 100) {
            guard try await scene.incident() != nil else { return false }
            return await count(scene, entry: 0, 50) == ["v1": 50]
        }
        #expect(isMoved, "the other Envoy is not moved\n\(scene.daemonText)")
        let open = try #require(try await scene.incident())
        #expect(open.state != "acknowledged", "an Envoy that does not answer is taken for one without the canary")

        try await scene.start(process: 1)
        let isDone = await eventually { try await scene.incident()?.state == "acknowledged" }
        #expect(isDone, "not acknowledged when it is back\n\(scene.daemonText)")
        #expect(await count(scene, entry: 1, 200) == ["v1": 200])
        #expect(await count(scene, entry: 0, 200) == ["v1": 200])
        await load.stop()
    }

    private func load(_ scene: Scene, entry: Int, seed: UInt64, limit: Int? = nil) -> LoadGenerator {
        LoadGenerator(
            target: "127.0.0.1:\(scene.ports[scene.router.entries[entry]])",
            requestsPerSecond: limit == nil ? 100 : 500,
            users: 1_000, seed: seed, requestLimit: limit, delayMs: 0)
    }

    /// Answers by version.
    private func count(_ scene: Scene, entry: Int, _ requests: Int) async -> [String: Int] {
        let load = load(scene, entry: entry, seed: 2, limit: requests)
        await load.run()
        return await load.statistics().answersByVersion
    }
}
