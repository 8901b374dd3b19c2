import Daemon
import DemoWorld
import Foundation
import Logging

/// Policy and rules in a real etcd: the gray router follows what is written there, the daemon takes a stricter rule from
/// there, takes the canary out when it is worse, and etcd says so afterwards.
struct CentreStory {
    let requestsPerSecond: Int
    let seed: UInt64

    /// Changes of the share that are timed.
    private static let changes = 9
    private static let limitMs = 10_000
    private static let strategies = [
        #"{"kind": "random"}"#, #"{"kind": "region", "networks": ["127.0.0.0/8"]}"#,
        #"{"kind": "user_hash", "header": "X-User-Id"}"#,
    ]

    func run() async throws -> DemoStory.Ending {
        let clock = StoryClock()
        clock.say(
            "starting etcd, 3 instances of v1.4.2, 2 of v1.5.0, the gray router and \(requestsPerSecond) requests/s")
        let stage = try await CentreStage.build(requestsPerSecond: requestsPerSecond, seed: seed, clock: clock)
        let load = Task { await stage.load.run() }
        defer { load.cancel() }
        let ending = await untilAnythingEnds(stage, clock)
        await stage.takeDown()
        try Task.checkCancellation()
        clock.say(ending.text)
        return ending
    }

    private func untilAnythingEnds(_ stage: CentreStage, _ clock: StoryClock) async -> DemoStory.Ending {
        let (listening, announce) = AsyncStream<String>.makeStream()
        do {
            clock.say("$ rollguard config push shop --reason \"first\"")
            try await push(stage, reason: "first")
        } catch { return Self.broken(error) }
        return await withTaskGroup(of: DemoStory.Ending.self) { group in
            group.addTask {
                await stage.follower.run()
                return DemoStory.Ending(isAsItShouldBe: false, text: "error: the policy is no longer followed")
            }
            group.addTask {
                await DemoDaemon(path: stage.configurationPath, clock: clock).run(announce: announce)
            }
            group.addTask {
                do { return try await play(stage, clock, listening) } catch { return Self.broken(error) }
            }
            let ending = await group.next()
            group.cancelAll()
            await group.waitForAll()
            return ending ?? DemoStory.Ending(isAsItShouldBe: false, text: "error: nothing ran")
        }
    }

    private static func broken(_ error: any Error) -> DemoStory.Ending {
        let reason = (error as? Failure)?.text ?? "\(error)"
        return DemoStory.Ending(isAsItShouldBe: false, text: "error: the demo broke off: \(reason)")
    }

    private func push(_ stage: CentreStage, reason: String) async throws {
        let desk = try CentreDesk(path: stage.configurationPath)
        let files = try ConfigFolder.read(stage.pushed)
        try await desk.work {
            try await desk.push(files, claim: ConfigClaim(author: "demo", reason: reason))
        }
    }

    private func play(
        _ stage: CentreStage, _ clock: StoryClock, _ listening: AsyncStream<String>
    ) async throws -> DemoStory.Ending {
        for await address in listening {
            clock.say("the daemon runs with \(stage.configurationPath); its page: \(address)/")
        }
        clock.say(try await timedChanges(stage))
        for strategy in Self.strategies {
            clock.say("etcd: \(CentreStage.strategyKey) = \(strategy)")
            try await stage.etcd.put(CentreStage.strategyKey, strategy)
            try await Task.sleep(for: .seconds(1))
        }
        try await stage.etcd.put(CentreStage.shareKey, "10")
        clock.say("etcd: \(CentreStage.shareKey) = 10")
        try await Task.sleep(for: .seconds(3))
        clock.say("the rule is too lax; a stricter one: $ rollguard config push shop --reason \"stricter\"")
        try stage.tightenRule()
        try await push(stage, reason: "stricter")
        try await Task.sleep(for: .seconds(2))
        clock.say(">>> v1.5.0 goes bad: 8 % of its requests fail from now on")
        for service in stage.canary { await service.setFault(.errors(share: 0.08)) }
        return try await untilTakenOut(stage, clock)
    }

    /// From a write to etcd to the first answer of the new version, and to its last one, a number of times.
    private func timedChanges(_ stage: CentreStage) async throws -> String {
        var taken: [Int] = []
        for _ in 0..<Self.changes {
            let before = await canaryAnswers(stage)
            let start = ContinuousClock.now
            try await stage.etcd.put(CentreStage.shareKey, "50")
            while await canaryAnswers(stage) == before {
                guard Self.milliseconds(since: start) < Self.limitMs else {
                    throw Failure.no("traffic did not follow within \(Self.limitMs) ms")
                }
                try await Task.sleep(for: .milliseconds(5))
            }
            taken.append(Self.milliseconds(since: start))
            try await stage.etcd.put(CentreStage.shareKey, "0")
            try await Task.sleep(for: .milliseconds(700))
        }
        let sorted = taken.sorted()
        return "from the change in etcd to the first answer of v1.5.0: median \(sorted[sorted.count / 2]) ms, at most "
            + "\(sorted[sorted.count - 1]) ms, of \(sorted.count) changes"
    }

    private func canaryAnswers(_ stage: CentreStage) async -> Int {
        await stage.load.statistics().answersByVersion["v1.5.0"] ?? 0
    }

    private static func milliseconds(since start: ContinuousClock.Instant) -> Int {
        let elapsed = (ContinuousClock.now - start).components
        return Int(elapsed.seconds) * 1_000 + Int(elapsed.attoseconds / 1_000_000_000_000_000)
    }

    private func untilTakenOut(_ stage: CentreStage, _ clock: StoryClock) async throws -> DemoStory.Ending {
        var watcher = TrafficWatcher(load: stage.load)
        _ = await watcher.line()
        for second in 1...60 {
            try await Task.sleep(for: .seconds(1))
            if second % 5 == 0 { clock.say(await watcher.line()) }
            guard await stage.sink.firstReceived(event: "rollback_acknowledged") != nil else { continue }
            _ = await watcher.canaryRequestsSinceLast()
            try await Task.sleep(for: .seconds(2))
            let answers = await watcher.canaryRequestsSinceLast()
            let share = try await stage.etcd.value(CentreStage.shareKey) ?? "missing"
            clock.say(
                "etcd: \(CentreStage.shareKey) = \(share); in 2 seconds clients got \(answers) answers from v1.5.0")
            return answers == 0 && Double(share) == 0
                ? DemoStory.Ending(
                    isAsItShouldBe: true, text: "caught by the rule from etcd, rolled back, proven; etcd agrees")
                : DemoStory.Ending(isAsItShouldBe: false, text: "etcd and the traffic differ: this should not happen")
        }
        return DemoStory.Ending(
            isAsItShouldBe: false, text: "the rollback was not acknowledged in time: this should not happen")
    }
}
