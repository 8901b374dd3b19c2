import API
import Daemon
import DemoWorld
import Foundation
import Logging

/// A release from the first users to everybody, and a second one that is caught on its way: what CI would order is ordered
/// through the daemon's API, and everything else is the daemon's own doing.
struct ReleaseStory {
    let requestsPerSecond: Int
    let seed: UInt64

    /// The whole story takes less than two minutes.
    private static let limitSeconds = 110

    func run() async throws -> DemoStory.Ending {
        let clock = StoryClock()
        clock.say(
            "starting two places of a service, blue with v1.4.2, the gray router and \(requestsPerSecond) requests/s")
        let stage = try await ReleaseStage.build(requestsPerSecond: requestsPerSecond, seed: seed)
        let load = Task { await stage.load.run() }
        defer { load.cancel() }
        // The services have served requests before they are watched, as in production.
        try? await Task.sleep(for: .seconds(1))
        let ending = await untilAnythingEnds(stage, clock: clock)
        await stage.takeDown()
        try Task.checkCancellation()
        clock.say(ending.text)
        return ending
    }

    private func untilAnythingEnds(_ stage: ReleaseStage, clock: StoryClock) async -> DemoStory.Ending {
        let (listening, announce) = AsyncStream<String>.makeStream()
        return await withTaskGroup(of: DemoStory.Ending.self) { group in
            group.addTask {
                await DemoDaemon(path: stage.configurationPath, clock: clock).run(announce: announce)
            }
            group.addTask { await play(stage, clock: clock, listening: listening) }
            let ending = await group.next()
            group.cancelAll()
            await group.waitForAll()
            return ending ?? DemoStory.Ending(isAsItShouldBe: false, text: "error: nothing ran")
        }
    }

    private func play(_ stage: ReleaseStage, clock: StoryClock, listening: AsyncStream<String>) async
        -> DemoStory.Ending
    {
        var address: String?
        for await one in listening { address = one }
        guard let address else {
            return DemoStory.Ending(isAsItShouldBe: false, text: "error: the daemon did not listen")
        }
        clock.say("the daemon runs with \(stage.configurationPath)")
        clock.say("its page: \(address)/")
        clock.say("its API: curl \(address)/api/v1/releases/checkout/rollouts")
        let pipeline = StoryPipeline(api: DaemonAPI(base: address, token: nil), stage: stage, clock: clock)
        do {
            try await Task.sleep(for: .seconds(4))
            let good = try await pipeline.release("v1.5.0", errors: ReleaseStage.usualErrors, withinSeconds: 80)
            guard good == "promoted" else {
                return DemoStory.Ending(
                    isAsItShouldBe: false,
                    text: "v1.5.0 ended \(good), which is as good as v1.4.2: this should not happen")
            }
            let left = ReleaseStory.limitSeconds - Int(clock.elapsedMs / 1_000)
            let bad = try await pipeline.release("v1.6.0", errors: 3 * ReleaseStage.usualErrors, withinSeconds: left)
            guard bad == "rolled_back" else {
                return DemoStory.Ending(
                    isAsItShouldBe: false, text: "v1.6.0 ended \(bad), and it fails 6 %: this should not happen")
            }
            return DemoStory.Ending(
                isAsItShouldBe: true, text: "v1.5.0 has everybody; v1.6.0 was caught on its way and is out, proven")
        } catch {
            return DemoStory.Ending(isAsItShouldBe: false, text: "error: the demo broke off: \(error)")
        }
    }
}

/// What a team's CI does with a version: prepare, deploy, begin, wait.
struct StoryPipeline {
    let api: DaemonAPI
    let stage: ReleaseStage
    let clock: StoryClock

    private struct Answer: Decodable {
        var rollout: String
        var place: String?
        var text: String
    }

    private struct Shown: Decodable {
        var state: String
        var end: String?
    }

    /// - Returns: how it ended, as the API names it.
    func release(_ version: String, errors: Double, withinSeconds limit: Int) async throws -> String {
        let path = "/api/v1/releases/checkout"
        let prepared = try await api.post("\(path)/prepare", ["version": version, "by": "demo"], as: Answer.self)
        let place = prepared.place ?? "green"
        clock.say("$ rollguard prepare checkout --version \(version)   -> \(place)")
        try await stage.deploy(version, to: place, errors: errors)
        clock.say("\(version) is deployed to \(place); it fails \(Int(errors * 100)) % of its requests")
        _ = try await api.post("\(path)/begin", ["version": version, "by": "demo"], as: Answer.self)
        clock.say("$ rollguard begin checkout --version \(version)")
        clock.say("$ rollguard wait checkout")
        var watcher = TrafficWatcher(load: stage.load)
        _ = await watcher.line()
        for second in 1...max(1, limit) {
            try await Task.sleep(for: .seconds(1))
            if second % 5 == 0 { clock.say(await watcher.line()) }
            let shown = try await api.get(
                "/api/v1/rollouts/\(DaemonAPI.escaped(prepared.rollout))", as: Shown.self)
            if let end = shown.end { return end }
        }
        return "in no way within \(limit) s"
    }
}
