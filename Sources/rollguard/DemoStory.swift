import DemoWorld
import Foundation

/// Prints the steps of the demo as they happen.
struct DemoStory {
    let fault: DemoCommand.Fault
    let scene: DemoScene
    let historySeconds: Int
    let faultAfterSeconds: Int
    let requestsPerSecond: Int
    let seed: UInt64

    struct Ending {
        let isAsItShouldBe: Bool
        let text: String
    }

    func run() async throws -> Ending {
        let clock = StoryClock()
        clock.say(
            "starting \(scene.instances.baseline) instances of v1.4.2, \(scene.instances.canary) of v1.5.0, the gray router and \(requestsPerSecond) requests/s"
        )
        let stage = try await DemoStage.build(
            scene: scene, historySeconds: historySeconds, requestsPerSecond: requestsPerSecond, seed: seed)
        let load = Task { await stage.load.run() }
        defer { load.cancel() }
        // The services have served requests before they are watched, as in production.
        try? await Task.sleep(for: .seconds(1))
        let ending = await untilAnythingEnds(stage, clock: clock)
        if scene != .gross, !Task.isCancelled { clock.say(await bareRuleLine(stage, clock: clock)) }
        await stage.takeDown()
        try Task.checkCancellation()
        clock.say(ending.text)
        return ending
    }

    /// The daemon and the story side by side: the first that ends ends the other.
    private func untilAnythingEnds(_ stage: DemoStage, clock: StoryClock) async -> Ending {
        let (listening, announce) = AsyncStream<String>.makeStream()
        return await withTaskGroup(of: Ending.self) { group in
            group.addTask {
                await DemoDaemon(path: stage.configurationPath, clock: clock).run(announce: announce)
            }
            group.addTask { await play(stage, clock: clock, listening: listening) }
            let ending = await group.next()
            group.cancelAll()
            await group.waitForAll()
            return ending ?? Ending(isAsItShouldBe: false, text: "error: nothing ran")
        }
    }

    /// Everything that happens while the daemon watches.
    private func play(_ stage: DemoStage, clock: StoryClock, listening: AsyncStream<String>) async -> Ending {
        let share = "\(scene.canaryBasisPoints / 100) % of the users get v1.5.0"
        if historySeconds == 0 { clock.say(share) }
        for await address in listening {
            clock.say("the daemon runs with \(stage.configurationPath)")
            clock.say("its page: \(address)/")
            clock.say("its API: curl \(address)/api/v1/status")
        }
        do {
            if historySeconds > 0 {
                clock.say("the daemon watches v1.4.2 alone for \(historySeconds) s, to learn how its errors come")
                try await Task.sleep(for: .seconds(historySeconds))
                try await stage.share(basisPoints: scene.canaryBasisPoints)
                clock.say(share)
            }
            return try await act(stage, clock: clock)
        } catch {
            return Ending(isAsItShouldBe: false, text: "error: the demo broke off: \(error)")
        }
    }

    private func act(_ stage: DemoStage, clock: StoryClock) async throws -> Ending {
        var faultMs: Int64?
        var outages: Task<Void, Never>?
        defer { outages?.cancel() }
        var watcher = TrafficWatcher(load: stage.load)
        _ = await watcher.line()
        for second in 1...scene.lastSecond {
            try await Task.sleep(for: .seconds(1))
            if second % 5 == 0 { clock.say(await watcher.line()) }
            if second == faultAfterSeconds, fault != .none {
                if fault == .outage {
                    outages = Task { await breakBoth(stage, clock: clock) }
                } else {
                    await breakCanary(stage, clock: clock)
                }
                faultMs = clock.elapsedMs
            }
            if let webhook = await stage.sink.firstReceived(event: "rollback_acknowledged") {
                return try await finish(stage, webhook: webhook, faultMs: faultMs, clock: clock, &watcher)
            }
            if let wellForSeconds, second >= faultAfterSeconds + wellForSeconds { return await endWithoutFault(stage) }
        }
        return Ending(
            isAsItShouldBe: false,
            text: "the rollback was not acknowledged in time: this should not happen")
    }

    /// For so long nothing may be rolled back; nil where something must.
    private var wellForSeconds: Int? {
        switch fault {
        case .none: 25
        case .outage: 60
        case .errors, .latency, .crash, .subtle: nil
        }
    }

    /// Both versions have the same trouble at the same time, until the task is cancelled.
    private func breakBoth(_ stage: DemoStage, clock: StoryClock) async {
        clock.say(">>> both versions fail half of their requests from now on, for 1 to 5 s at a time")
        let usual = DemoFault.errors(share: scene.errorShare)
        for change in OutageSchedule(usual: usual, outage: .errors(share: 0.5), seed: seed) {
            await stage.setFault(change.fault)
            do { try await Task.sleep(for: .milliseconds(change.forMs)) } catch { return }
        }
    }

    /// What the bare ratio beside the proof did: how often it fired and when, in seconds of the story.
    private func bareRuleLine(_ stage: DemoStage, clock: StoryClock) async -> String {
        let fired = await stage.sink.received().filter { webhook in
            webhook.headers["rollguard-event"] == "alert_firing" && webhook.text.contains(DemoScene.bareRule)
        }
        let times = fired.map { String(($0.receivedWallMs - clock.wallMs(at: 0)) / 1_000) + " s" }
        let list = times.isEmpty ? "" : " (at \(times.joined(separator: ", ")))"
        return "the bare rule canary > 1.5 * baseline fired \(fired.count) times\(list)"
    }

    private func breakCanary(_ stage: DemoStage, clock: StoryClock) async {
        let (effect, kind): (String, DemoFault) =
            switch fault {
            case .errors: ("8 % of its requests fail from now on", .errors(share: 0.08))
            case .latency:
                ("a tenth of its requests take 400 ms longer from now on", .latency(extraMs: 400, share: 0.1))
            case .crash: ("both instances crash", .crash)
            case .subtle: ("2 % of its requests fail from now on, instead of 1 %", .errors(share: 0.02))
            case .outage, .none: ("nothing", .none)
            }
        clock.say(">>> v1.5.0 goes bad: \(effect)")
        for service in stage.canary { await service.setFault(kind) }
    }

    private func endWithoutFault(_ stage: DemoStage) async -> Ending {
        let rolledBack = await stage.sink.firstReceived(event: "rollback_intended") != nil
        return rolledBack
            ? Ending(isAsItShouldBe: false, text: "a healthy release was rolled back: this should not happen")
            : Ending(isAsItShouldBe: true, text: "no rollback: v1.5.0 is as good as v1.4.2")
    }

    /// The body with line breaks, for reading.
    private static func indented(_ webhook: DemoWebhook) -> String {
        let options: JSONSerialization.WritingOptions = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        guard let object = try? JSONSerialization.jsonObject(with: Data(webhook.body)),
            let data = try? JSONSerialization.data(withJSONObject: object, options: options)
        else { return webhook.text }
        return String(decoding: data, as: UTF8.self)
    }

    /// The proof as a client sees it, the webhook as it was received, and how long it all took.
    private func finish(
        _ stage: DemoStage, webhook: DemoWebhook, faultMs: Int64?, clock: StoryClock, _ watcher: inout TrafficWatcher
    ) async throws -> Ending {
        _ = await watcher.line()
        try await Task.sleep(for: .seconds(2))
        let canaryRequests = await watcher.canaryRequestsSinceLast()
        clock.say("the webhook as it was received:")
        Terminal.say(DemoStory.indented(webhook))
        clock.say("in the last 2 seconds, clients got \(canaryRequests) answers from v1.5.0")
        if let times = StoryTimes(webhook: webhook.body, faultWallMs: faultMs.map { clock.wallMs(at: $0) }) {
            for line in times.lines { clock.say(line) }
        }
        guard wellForSeconds == nil else {
            return Ending(isAsItShouldBe: false, text: "a healthy release was rolled back: this should not happen")
        }
        return canaryRequests == 0
            ? Ending(isAsItShouldBe: true, text: "caught, rolled back, proven: v1.5.0 serves 0 requests/s")
            : Ending(isAsItShouldBe: false, text: "v1.5.0 still has traffic: this should not happen")
    }
}
