import Bench
import Foundation

/// Lets one program after the other scrape the same targets.
struct ScrapeRow {
    let shape: Shape
    let schedule: Schedule
    let folder: String

    /// A row that cannot be measured says why.
    struct Unreached: Error, CustomStringConvertible {
        let seen: Int
        let targets: Int
        var description: String { "only \(seen) of \(targets) targets were scraped within \(ScrapeRow.patience) s" }
    }

    struct NoScrape: Error, CustomStringConvertible {
        let seconds: Double
        var description: String { "after its first round it did not scrape for \(Figures.short(seconds)) s" }
    }

    /// Seconds in which every target has to be scraped once.
    private static let patience = 40

    func measure(_ peers: [any Peer], report: (Result<ScrapeFigure, any Error>, String) -> Void) async throws {
        let world = TargetWorld(
            exposition: ServiceExposition(samples: shape.samples), targets: shape.targets, requestsPerSecond: 200)
        let server = try await TargetServer.start(world)
        for peer in peers {
            world.reset()
            do { report(.success(try await measure(peer, server)), peer.name) } catch {
                report(.failure(error), peer.name)
            }
        }
        await server.stop()
    }

    private func measure(_ peer: any Peer, _ server: TargetServer) async throws -> ScrapeFigure {
        let rules = shape.rules.map(Assignment.Rules.many) ?? .usual
        let assignment = Assignment.halves(targets: shape.targets, intervalMs: shape.intervalMs, rules: rules)
        let child = try await peer.start(assignment, server: server, folder: "\(folder)/\(peer.name)")
        do {
            let figure = try await measure(child, peer, server.world)
            await child.stop()
            return figure
        } catch {
            await child.stop()
            throw error
        }
    }

    private func measure(_ child: ChildProcess, _ peer: any Peer, _ world: TargetWorld) async throws -> ScrapeFigure {
        try await ScrapeRow.reach(shape.targets, child, world)
        try await Task.sleep(for: .seconds(schedule.warmUpSeconds))
        world.record(true)
        let (began, cpu) = (MonotonicTime.nowNs, child.cpuSeconds)
        try await Task.sleep(for: .seconds(schedule.measuredSeconds(shape)))
        let (ended, spent) = (MonotonicTime.nowNs, child.cpuSeconds - cpu)
        world.record(false)
        try child.check()
        let lateness = Lateness(
            visits: world.takeVisits() ?? [], targets: shape.targets,
            intervalNs: Int64(shape.intervalMs) * 1_000_000, fromNs: began, toNs: ended)
        // Still busy with its first scrape bodies: its cost would be that of the start.
        guard lateness.scrapes > 0 else { throw NoScrape(seconds: Double(ended - began) / 1e9) }
        let memory = child.memory
        return ScrapeFigure(
            program: peer.name, shape: shape, cpuSeconds: spent, seconds: Double(ended - began) / 1e9,
            scrapes: lateness.scrapes, late: lateness.late, missed: lateness.missed,
            residentBytes: memory.residentBytes, anonymousBytes: memory.anonymousBytes, load: Machine.load)
    }

    /// Waits until every target was scraped once.
    static func reach(_ targets: Int, _ child: ChildProcess, _ world: TargetWorld) async throws {
        for _ in 0..<patience * 10 {
            try child.check()
            if world.seenCount >= targets { return }
            try await Task.sleep(for: .milliseconds(100))
        }
        throw Unreached(seen: world.seenCount, targets: targets)
    }
}
