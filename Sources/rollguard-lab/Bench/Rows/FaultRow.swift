import Bench

/// Breaks one canary after the other and takes the time until the router (or the Alertmanager) is called.
struct FaultRow {
    let faults: Int
    let folder: String
    /// What the daemon has to do beside it; nil for nothing.
    var load: DaemonLoad?
    private static let errorShare = 0.5
    /// After the last fault.
    private static let patienceSeconds = 5.0

    func measure(_ peers: [any Peer], report: (Result<FaultFigure, any Error>, String) -> Void) async throws {
        for peer in peers {
            do { report(.success(try await run(peer).figure), peer.name) } catch { report(.failure(error), peer.name) }
        }
    }

    /// One run of a program, and what the readers of its API received meanwhile.
    struct Run {
        var figure: FaultFigure
        var answers = APIReaders.Count()
        /// What the streams of events brought.
        var streams = APIReaders.Count()
        /// For how long they requested.
        var readSeconds = 0.0
    }

    func run(_ peer: any Peer) async throws -> Run {
        // A new world for each: what one has broken must not be seen by the next.
        let exposition = load.map { ServiceExposition(buckets: $0.buckets) } ?? ServiceExposition(samples: 100)
        let world = TargetWorld(exposition: exposition, targets: 2 * faults, requestsPerSecond: 1_000)
        let server = try await TargetServer.start(world)
        do {
            let run = try await run(peer, server)
            await server.stop()
            return run
        } catch {
            await server.stop()
            throw error
        }
    }

    func folder(of peer: any Peer) -> String { "\(folder)/\(peer.name)-faults" }

    private func run(_ peer: any Peer, _ server: TargetServer) async throws -> Run {
        let assignment = Assignment.pairs(faults, intervalMs: 1_000, load: load)
        let child = try await peer.start(assignment, server: server, folder: folder(of: peer))
        do {
            try await ScrapeRow.reach(2 * faults, child, server.world)
            let run = try await run(peer, assignment, server.world)
            try child.check()
            await child.stop()
            return run
        } catch {
            await child.stop()
            throw error
        }
    }

    private func run(_ peer: any Peer, _ assignment: Assignment, _ world: TargetWorld) async throws -> Run {
        let readers = APIReaders(
            load?.readers ?? 0, port: assignment.apiPort, paths: assignment.apiPaths,
            perSecond: load?.requestsPerSecond)
        let streams = APIReaders(load?.streams ?? 0, port: assignment.apiPort, paths: ["/api/v1/stream"])
        do {
            try await readers.start()
            try await streams.start()
            let readSince = MonotonicTime.nowNs
            world.record(true)
            // The window of ten seconds has to be full of healthy scrapes.
            try await Task.sleep(for: .seconds(12))
            let begun = try await breakAll(assignment, world)
            try await Task.sleep(for: .seconds(FaultRow.patienceSeconds))
            let readSeconds = Double(MonotonicTime.nowNs - readSince) / 1e9
            await readers.stop()
            await streams.stop()
            return Run(
                figure: figure(peer, assignment, begun, world), answers: readers.count, streams: streams.count,
                readSeconds: readSeconds)
        } catch {
            await readers.stop()
            await streams.stop()
            throw error
        }
    }

    /// One after the other, each at another place of the scrape interval (steps of the golden ratio).
    private func breakAll(_ assignment: Assignment, _ world: TargetWorld) async throws -> [Int64] {
        let start = MonotonicTime.nowNs
        var begun: [Int64] = []
        for (number, release) in assignment.releases.enumerated() {
            let place = (Double(number) * 0.618_034).truncatingRemainder(dividingBy: 1)
            let dueNs = start + Int64((Double(number) + place) * 500_000_000)
            try await Task.sleep(for: .nanoseconds(max(0, dueNs - MonotonicTime.nowNs)))
            begun.append(world.breakTarget(release.canary[0], errorShare: FaultRow.errorShare))
        }
        return begun
    }

    private func figure(
        _ peer: any Peer, _ assignment: Assignment, _ begun: [Int64], _ world: TargetWorld
    ) -> FaultFigure {
        let visits = Dictionary(grouping: world.takeVisits() ?? [], by: \.target)
        let arrivals = world.arrivals
        var (times, falseAlarms): ([FaultTimes], Int) = ([], 0)
        for (release, faultNs) in zip(assignment.releases, begun) {
            let call = peer.call(for: release.name)
            let calls = arrivals.filter { $0.path == call.path && $0.body.contains(call.text) }.map(\.atNs)
            if let first = calls.first, first < faultNs { falseAlarms += 1 }
            let scrapes = visits[release.canary[0]] ?? []
            guard let answered = calls.first(where: { $0 > faultNs }),
                let deciding = DecidingScrape.find(
                    in: scrapes, faultNs: faultNs, limit: 2 * TargetWorld.healthyErrorShare)
            else { continue }
            times.append(FaultTimes(faultNs: faultNs, decidingNs: deciding, callNs: answered))
        }
        return FaultFigure(
            program: peer.name, faults: begun.count, answered: times.count, falseAlarms: falseAlarms,
            total: Spread(times.map(\.totalMs)), statistical: Spread(times.map(\.statisticalMs)),
            pipeline: Spread(times.map(\.pipelineMs)), load: Machine.load)
    }
}
