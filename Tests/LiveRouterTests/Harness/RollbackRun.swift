import DemoWorld
import Foundation
import Testing

/// One measured rollback: 90 to 10 counted, load, a fault in the canary, the real daemon's rollback, counted again; then
/// the router restarts with its shipped configuration, the drift watch takes the canary out again, counted once more.
struct RollbackRun {
    let scene: Scene
    private(set) var row: RouterRow

    /// Per count, as the table promises.
    static let requestsPerCount = 500
    /// While the traffic moves. Ten more per second are slow, so that there are always some in flight.
    static let loadPerSecond = 100
    static let slowPerSecond = 8
    static let slowMs = 1_200

    init(_ router: LiveRouter) async throws {
        scene = try await Scene(router)
        row = RouterRow(router)
    }

    /// From start to stop; what is not as it must be is recorded as an issue of the test.
    static func perform(_ router: LiveRouter) async throws -> RouterRow {
        var run = try await RollbackRun(router)
        do {
            if router.fetchesFromTheDaemon { try await run.scene.startDaemon() }
            try await run.scene.startRouter()
            try await run.measure()
        } catch {
            await run.scene.stop()
            throw error
        }
        await run.scene.stop()
        return run.row
    }

    private mutating func measure() async throws {
        row.before = await count(seed: 1)
        #expect((10...100).contains(row.before["v2"] ?? 0), "\(row.before)\n\(scene.routerText)")
        if !scene.router.fetchesFromTheDaemon { try await scene.startDaemon() }
        try await rollBack()
        row.after = await count(seed: 2)
        #expect(row.after == ["v1": Self.requestsPerCount], "\(row.after)\n\(scene.daemonText)")
        try await runThePagesCommands()
        try await restart()
        row.afterRestart = await count(seed: 3)
        #expect(row.afterRestart == ["v1": Self.requestsPerCount], "\(row.afterRestart)\n\(scene.daemonText)")
    }

    // MARK: Counting

    private func load(_ perSecond: Int, seed: UInt64, entry: Int = 0, limit: Int? = nil, delayMs: Int = 0)
        -> LoadGenerator
    {
        LoadGenerator(
            target: "127.0.0.1:\(scene.ports[scene.router.entries[entry]])", requestsPerSecond: perSecond, users: 1_000,
            seed: seed, requestLimit: limit, delayMs: delayMs)
    }

    /// Five hundred requests, spread over the instances, by the version that answered; failures under `failed`.
    private func count(seed: UInt64) async -> [String: Int] {
        let instances = scene.router.entries.count
        var total: [String: Int] = [:]
        for entry in 0..<instances {
            let share = Self.requestsPerCount / instances + (entry < Self.requestsPerCount % instances ? 1 : 0)
            let load = load(500, seed: seed, entry: entry, limit: share)
            await load.run()
            let statistics = await load.statistics()
            total.merge(statistics.answersByVersion, uniquingKeysWith: +)
            if statistics.broken > 0 { total["failed", default: 0] += statistics.broken }
        }
        return total
    }

    // MARK: The rollback

    private mutating func rollBack() async throws {
        let entries = scene.router.entries.indices
        let loads =
            entries.map { load(Self.loadPerSecond / entries.count, seed: 10 + UInt64($0), entry: $0) }
            + [load(Self.slowPerSecond, seed: 20, delayMs: Self.slowMs)]
        let running = Task {
            await withTaskGroup { group in loads.forEach { load in group.addTask { await load.run() } } }
        }
        defer { running.cancel() }
        let isWatched = await eventually { scene.daemonText.contains("checkout: watching") }
        try #require(isWatched, "not watching\n\(scene.daemonText)\n\(scene.routerText)")
        let canaryBefore = await scene.new.requestsArrived(afterWallMs: 0)
        let hasTraffic = await eventually { await scene.new.requestsArrived(afterWallMs: 0) >= canaryBefore + 30 }
        try #require(hasTraffic, "the canary has no traffic\n\(scene.routerText)")
        await scene.new.setFault(.errors(share: 0.5))
        let isDone = await eventually { try await scene.incident()?.state == "acknowledged" }
        try #require(isDone, "not acknowledged\n\(scene.daemonText)\n\(scene.routerText)")
        let incident = try #require(try await scene.incident())
        note(incident)
        await keepOnFor(requests: 200, since: incident.lastWallMs("acknowledged") ?? 0)
        await scene.new.setFault(.none)
        for load in loads { await load.stop() }
        for load in loads { await note(await load.statistics()) }
        #expect(row.baselineFailures == 0 && row.routerFailures == 0, "\(row)\n\(scene.routerText)")
        #expect(row.brokenRequests == 0, "\(row)\n\(scene.routerText)")
    }

    private mutating func note(_ incident: IncidentReport) {
        let verdict = incident.wallMs("intended")
        // Where it goes in steps, the last one is what counts.
        let begun = incident.lastWallMs("draining") ?? 0
        func since(_ step: String) -> Int64? {
            guard let verdict, let at = incident.wallMs(step, after: begun) else { return nil }
            return at - verdict
        }
        // The call that the read-back saw; one before it may have been refused.
        let observedAt = incident.wallMs("observed", after: begun) ?? .max
        let applied = incident.timeline.last { $0.step == "applied" && $0.wallMs <= observedAt }
        if let verdict, let applied { row.appliedMs = applied.wallMs - verdict }
        row.observedMs = since("observed")
        row.provenMs = since("proven")
        let steps = incident.timeline.filter { $0.step == "draining" }.map(\.detail)
        let wanted = ["step 1 of 2: the canary keeps 5%", "step 2 of 2: the canary keeps nothing"]
        #expect(steps == (scene.router.rollguard.contains("drain:") ? wanted : []), "\(incident.timeline)")
        #expect(row.appliedMs != nil && row.observedMs != nil && row.provenMs != nil, "\(incident.timeline)")
    }

    /// More of the clients' requests after the acknowledgement, and how many of them began at the canary.
    private mutating func keepOnFor(requests: Int, since acknowledged: Int64) async {
        let hasMore = await eventually { await scene.old.requestsArrived(afterWallMs: acknowledged) >= requests }
        #expect(hasMore, "the baseline does not get the load\n\(scene.routerText)")
        let strays = await scene.new.requestsArrived(afterWallMs: acknowledged)
        row.canaryRequestsAfterAcknowledgement = strays
        #expect(strays == 0, "\(strays) requests came to the canary after the acknowledgement\n\(scene.daemonText)")
    }

    /// The canary's own errors are what the fault ordered; all other failures are the router's or the rollback's.
    private mutating func note(_ statistics: LoadStatistics) async {
        row.baselineFailures += statistics.failuresByVersion["v1", default: 0]
        row.routerFailures += statistics.failuresByVersion["", default: 0]
        row.canaryFailures += statistics.failuresByVersion["v2", default: 0]
        // Some routers close kept connections when their configuration changes (docs/reference/routers.md). A request that
        // met such a moment was never seen by a service, and its client sends it again. One that was seen was cut off.
        let names = statistics.repeatedNames
        let cutOff = await scene.old.requestsSeen(of: names).union(await scene.new.requestsSeen(of: names))
        row.brokenRequests += statistics.broken + cutOff.count
        row.repeatedRequests += statistics.repeated
    }

    private func runThePagesCommands() async throws {
        if let log = scene.router.log {
            let isThere = PageOutput.contains(scene.daemonText, scene.adapt(log))
            #expect(isThere, "the page says\n\(log)\nthe daemon\n\(scene.daemonText)")
        }
        for command in scene.router.afterwards {
            let printed = try await scene.run(command.command)
            guard let expected = command.output else { continue }
            #expect(
                PageOutput.matches(printed, scene.adapt(expected)),
                "\(command.command)\nprints\n\(printed)\nthe page says\n\(expected)")
        }
    }

    // MARK: The restart

    /// No client sends anything meanwhile: what a restart costs the clients is the router's affair.
    private mutating func restart() async throws {
        let before = try #require(try await scene.incident())
        await scene.stopRouter()
        try scene.ship()
        let restarted = Int64(Date().timeIntervalSince1970 * 1_000)
        try await scene.startRouter()
        guard scene.router.restart == .comesBackWithTheCanary else { return }
        let isBack = await eventually {
            guard let now = try await scene.incident() else { return false }
            return now.reapplications > before.reapplications && now.state == "acknowledged"
        }
        #expect(isBack, "the drift is not corrected\n\(scene.daemonText)\n\(scene.routerText)")
        let incident = try #require(try await scene.incident())
        if let drifted = incident.wallMs("drifted", after: restarted), let done = incident.lastWallMs("acknowledged") {
            row.putBackMs = done - drifted
        }
    }
}
