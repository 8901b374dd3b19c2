import Bench
import Foundation
import JournalStore
import Kernel
import Model
import Testing

@testable import rollguard_lab

@Suite("The load beside a rollback")
struct LoadRowTests {
    private static let load = DaemonLoad(journalEntries: 200, readers: 3, rules: 10, buckets: 20, waiting: 10)
    private static let fill = JournalFill(load: load, releases: ["shop0x", "shop1x"])

    /// A state folder with the journal of a daemon that has run for a while.
    private static func withJournal(_ body: (SQLiteJournal) async throws -> Void) async throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("load-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try await fill.write(into: folder)
        try await body(try SQLiteJournal(directory: folder))
    }

    @Test func theJournalHoldsWhatTheLoadSays() async throws {
        try await LoadRowTests.withJournal { journal in
            #expect(try await journal.lastSequence() == 200)
            #expect(try await journal.outboxCounts().waiting == 10 + DaemonLoad.spareDeliveries)
            #expect(try await journal.receiversWaiting() == [DaemonLoad.receiver])
            let newest = try await journal.entries(incident: LoadRowTests.fill.newestIncident)
            #expect(newest.map(\.event.name).first == "intended")
            #expect(newest.last?.sequence == 199)
        }
    }

    /// The history is over: a daemon that starts with it watches its releases like one without a history.
    @Test func theHistoryLeavesNoLatch() async throws {
        try await LoadRowTests.withJournal { journal in
            let releases = LoadRowTests.fill.releases.map { name in
                ReleasePlan(
                    name: name, scrape: ScrapePlan(intervalMs: 1_000, timeoutMs: 500),
                    baseline: PoolPlan(version: "v1", targets: []), canary: PoolPlan(version: "v2", targets: []),
                    indicators: BusyKernel.watch, router: BusyKernel.router, rules: [])
            }
            let now = Moment(uptimeMs: 0, wallMs: 1_800_000_000_000)
            let kernel = Kernel(
                plan: Plan(daemon: DaemonPlan(stateDirectory: "/nowhere"), releases: releases),
                replaying: try await journal.records(), journalIdentity: journal.identity, seed: 1, at: now)
            let snapshot = kernel.snapshot(at: now)
            #expect(snapshot.releases.map(\.phase) == [.idle, .idle])
            #expect(snapshot.incidents.count == 20)
            #expect(snapshot.incidents.map(\.state).allSatisfy { $0 == .rearmed })
        }
    }

    @Test(arguments: [("/router/shop", false), ("/nothing", true)])
    func readersCountWhatTheyReceive(_ path: String, _ isMissing: Bool) async throws {
        let world = TargetWorld(exposition: ServiceExposition(samples: 25), targets: 1, requestsPerSecond: 1)
        let server = try await TargetServer.start(world)
        let readers = APIReaders(3, port: server.port, paths: [path])
        try await readers.start()
        while readers.count.answers < 30 { try await Task.sleep(for: .milliseconds(1)) }
        await readers.stop()
        let count = readers.count
        #expect(
            count.bytes >= 30 * (isMissing ? "there is nothing here\n" : #"{"baseline":90,"canary":10}"#).utf8.count)
        #expect((count.failures > 0) == isMissing)
        #expect(count.failure == (isMissing ? "/nothing: HTTP 404" : nil))
        await server.stop()
    }

    private static func figure(_ medianMs: Double, answered: Int = 10) -> FaultFigure {
        FaultFigure(
            program: "rollguard", faults: 10, answered: answered, falseAlarms: 0, pipeline: Spread([medianMs]), load: 0)
    }

    @Test(arguments: [
        (4.0, 103.9, 10, true, "99.9 ms later under load, which is within 100 ms"),
        (4.0, 105.0, 10, false, "101 ms later under load, which is more than 100 ms"),
        (4.0, 5.0, 9, false, "Not every fault was answered"),
    ])
    func theRowSaysWhetherTheLoadDelaysARollback(
        _ aloneMs: Double, _ loadedMs: Double, _ answered: Int, _ isWithin: Bool, _ text: String
    ) {
        let figure = LoadFigure(
            load: DaemonLoad(), alone: LoadRowTests.figure(aloneMs),
            loaded: LoadRowTests.figure(loadedMs, answered: answered), answersPerSecond: 1, megabytesPerSecond: 1)
        #expect(figure.isWithinLimit == isWithin)
        #expect(Tables.load(figure).contains(text))
    }
}
