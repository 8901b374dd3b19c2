import Bench
import Foundation
import HTTPClient
import JournalStore
import Kernel
import Logging
import Model
import Notifications
import Ports
import Routers
import Synchronization
import SystemSupport
import TargetSources
import Testing

@testable import Daemon
@testable import Scraping

/// What a reloader refuses while something is under way: of a fleet's member another part of the configuration, and another
/// configuration.
struct ReloaderPartTests {
    private static let silent = Logger(label: "reloader", factory: { _ in SwiftLogNoOpLogHandler() })

    /// Nothing is there.
    private struct Nowhere: OwnedTransport {
        let isRunning = true
        func send(_ request: HTTPRequest) async throws(TransportError) -> HTTPResponse { throw .closed }
        func shutdown() async {}
    }

    private final class Source: PlanSource {
        private let plan: Mutex<Plan>
        init(_ plan: Plan) { self.plan = Mutex(plan) }
        func set(_ next: Plan) { plan.withLock { $0 = next } }
        func load() throws(InvalidConfiguration) -> Plan { plan.withLock { $0 } }
    }

    /// A member of a fleet that watches two of three shards, with a release in each.
    private struct Member {
        let plan: Plan
        let names: [String]
        let shards: [Int]
        let selection: FleetSelection
        let source: Source
        let watchdog: Watchdog
        let scrapes: ScrapeService
        let reloader: Reloader

        /// - Parameters:
        ///   - folder: of its journal.
        ///   - isThirdBroken: it has a router of no kind, and the first shard alone is watched.
        init(_ folder: URL, isThirdBroken: Bool = false) throws {
            let count = 12
            let all = (0..<50).map { "release-\($0)" }
            let map = FleetMap(FleetFixture.plan(all), count: count)
            names = map.releases.compactMap(\.first).prefix(3).map { $0 }
            shards = names.map { map.shards.shard(of: $0) }
            var plan = FleetFixture.plan(names)
            for index in plan.releases.indices {
                plan.releases[index].scrape = ScrapePlan(intervalMs: 60_000, timeoutMs: 1_000)
                guard !isThirdBroken || index < 2 else { continue }
                plan.releases[index].router = RouterPlan(GrayRouterPlan(instances: ["http://router:1"]))
            }
            self.plan = plan
            selection = FleetSelection(plan, count: count, watched: Set(shards.prefix(isThirdBroken ? 1 : 2)))
            source = Source(plan)
            let (clock, secrets) = (SystemClock(), KnownSecrets(SystemSecretStore()))
            let meter = KernelMeter(version: "1", clock: clock)
            let journal = try SQLiteJournal(directory: folder.path)
            let parts = PartsFactory(
                routerCalls: Nowhere(), deliveries: Nowhere(), secrets: secrets, clock: clock)
            let watched = selection.part(of: plan)
            let routers = RouterService(drivers: try parts.drivers(for: watched), logger: silent, meter: meter)
            let kernel = Kernel(
                plan: watched, journalIdentity: "test", seed: 1,
                replica: ReplicaIdentity(name: "a", group: "test", shards: selection.map.shards), at: clock.now)
            watchdog = Watchdog(
                kernel: kernel, clock: clock, secrets: secrets,
                effects: EffectSink(
                    journal: JournalWriter(journal: journal, clock: clock, logger: silent, meter: meter),
                    routers: routers, log: KernelLog(logger: silent), meter: meter))
            scrapes = ScrapeService(
                lanes: ScrapeLanes(connections: 16) { _ in Nowhere() }, files: OpenFiles(limit: 1_024, processors: 2),
                clock: clock, logger: silent, meter: meter, sink: watchdog)
            let targets = TargetService(
                setup: SourceSetup(
                    transport: Nowhere(), secrets: secrets, clock: clock, files: DiskTargetFiles()),
                store: TargetListFiles(stateDirectory: folder.path), watchdog: watchdog, logger: silent, meter: meter)
            reloader = Reloader(
                plan: plan, source: source, parts: parts, watchdog: watchdog, scrapes: scrapes, routers: routers,
                targets: targets, outbox: OutboxPump(outbox: journal, receivers: [], plans: [], clock: clock, seed: 1),
                certificate: nil, secrets: secrets, logger: silent, meter: meter,
                handovers: Handovers(name: "a", shelf: HandoverShelf()), selection: selection)
        }

        /// Names of the releases that its kernel has.
        func known() async -> [String] { await watchdog.effectivePlan().releases.map(\.name).sorted() }

        func rollBack(_ release: String) async throws {
            let result = await watchdog.command(
                .rollback(release: release, toVersion: nil), by: "ada", reason: "because")
            guard case .accepted = result else { throw Refused(text: "\(result)") }
        }

        func end() async {
            await watchdog.stop()
            await scrapes.stop()
            await scrapes.shutdown()
        }
    }

    private struct Refused: Error { let text: String }

    private static func withMember(
        isThirdBroken: Bool = false, _ work: (Member) async throws -> Void
    ) async throws {
        let folder = try Scratch.folder("reloader")
        defer { try? FileManager.default.removeItem(at: folder) }
        let member = try Member(folder, isThirdBroken: isThirdBroken)
        do { try await work(member) } catch {
            await member.end()
            throw error
        }
        await member.end()
    }

    /// The rollback is this member's alone until it is done and handed over: its release does not leave, and nothing else changes either.
    @Test func aReleaseThatIsRolledBackDoesNotLeave() async throws {
        try await Self.withMember { member in
            let (names, shards) = (member.names, member.shards)
            try await member.rollBack(names[0])
            let before = member.selection.watched
            let isTaken = await member.reloader.watch([shards[1], shards[2]])
            #expect(!isTaken && member.selection.watched == before)
            #expect(await member.known() == names.prefix(2).sorted())
            // Asked again in the turn of the kernel itself.
            let without = member.selection.map.part(of: member.plan, shards: [shards[1]])
            #expect(await member.watchdog.reload(part: without, nil) == false)
            #expect(await member.known() == names.prefix(2).sorted())
            // The other one may.
            let mayLeave = await member.reloader.watch([shards[0], shards[2]])
            #expect(mayLeave && member.selection.watched == [shards[0], shards[2]])
            #expect(await member.known() == [names[0], names[2]].sorted())
        }
    }

    /// The service decides by shards that it knows: first it takes note of those that a reload has added.
    @Test func shardsThatAReloadHasAddedAreNotedFirst() async throws {
        try await Self.withMember { member in
            let shards = member.shards
            member.selection.take(member.plan, adding: [shards[2]])
            let isTaken = await member.reloader.watch([shards[0]])
            #expect(!isTaken && member.selection.watched == Set(shards))
            #expect(member.selection.takeAdded() == [shards[2]])
            let isTakenThen = await member.reloader.watch([shards[0]])
            #expect(isTakenThen && member.selection.watched == [shards[0]])
            #expect(await member.known() == [member.names[0]])
        }
    }

    /// A shard whose router cannot be driven is tried again, and keeps no other one back.
    @Test func aShardThatCannotBeTakenInKeepsNoOtherOneBack() async throws {
        try await Self.withMember(isThirdBroken: true) { member in
            let shards = member.shards
            let isTaken = await member.reloader.watch([shards[1], shards[2]])
            #expect(!isTaken && member.selection.watched == [shards[1]])
            #expect(await member.known() == [member.names[1]])
        }
    }

    /// A configuration without a release that is being rolled back is refused whole.
    @Test func aConfigurationWithoutAReleaseThatIsRolledBackIsRefused() async throws {
        try await Self.withMember { member in
            var without = member.plan
            without.releases.removeAll { $0.name == member.names[0] }
            try await member.rollBack(member.names[0])
            member.source.set(without)
            let result = await member.reloader.reload()
            guard case .refused(let text) = result else { return #expect(Bool(false), "\(result)") }
            #expect(text.contains("\(member.names[0]) is being rolled back"), "\(text)")
            #expect(await member.known() == member.names.prefix(2).sorted())
            // What it has not is no reason.
            var other = member.plan
            other.releases.removeAll { $0.name == member.names[1] }
            member.source.set(other)
            guard case .accepted = await member.reloader.reload() else { return #expect(Bool(false)) }
            #expect(await member.known() == [member.names[0]])
        }
    }
}
