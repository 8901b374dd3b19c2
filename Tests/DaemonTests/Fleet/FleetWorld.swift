import Foundation
import Kernel
import Leases
import Logging
import Model
import Synchronization
import Testing

@testable import Daemon

/// A member of a fleet without a daemon: what it watches, and what its kernel was given.
final class FleetNode: Sendable {
    let name: String
    let store: MemoryLeaseStore
    let selection: FleetSelection
    let board = ReplicaBoard()
    let queue = ReplicaQueue()
    let service: ReplicaService
    let surroundings: FleetSurroundings
    let inputs: Inputs
    /// Releases with a rollback that is under way.
    let rollbacks: Names

    /// What a kernel was given, in its order.
    final class Inputs: Sendable {
        private let list = Mutex<[Input]>([])
        var all: [Input] { list.withLock { $0 } }
        func add(_ input: Input) { list.withLock { $0.append(input) } }
    }

    final class Names: Sendable {
        private let list = Mutex<[String]>([])
        var all: [String] {
            get { list.withLock { $0 } }
            set { list.withLock { $0 = newValue } }
        }
    }

    struct Settings {
        var copies = 2
        var shards = 12
        var capacity: Int?
        var ttlMs: Int64 = 10_000
    }

    init(_ name: String, _ leases: MemoryLeases, _ plan: Plan, _ settings: Settings, folder: URL) throws {
        self.name = name
        let folder = folder.appendingPathComponent(name)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let note = FleetNote(stateDirectory: folder.path)
        let selection = FleetSelection(
            plan, count: settings.shards, watched: note.watched(of: settings.shards) ?? [])
        let (taken, rolling) = (Inputs(), Names())
        store = MemoryLeaseStore(leases)
        self.selection = selection
        surroundings = FleetSurroundings(
            selection: selection, note: note,
            watch: {
                selection.watch($0)
                return true
            }, rollbacks: { names in names.filter(rolling.all.contains) },
            targets: {
                Dictionary(
                    uniqueKeysWithValues: plan.releases.filter { selection.isWatched($0.name) }.map { ($0.name, 2) })
            })
        var replica = ReplicasPlan(name: name, ttlMs: settings.ttlMs, store: .file(FileLeasePlan()))
        replica.fleet = FleetPlan(copies: settings.copies, shards: settings.shards, capacity: settings.capacity)
        service = ReplicaService(
            plan: replica, store: store, files: HandoverFiles(stateDirectory: folder.path), shelf: HandoverShelf(),
            send: { taken.add($0) }, queue: queue, clock: leases.clock, board: board,
            logger: Logger(label: "fleet", factory: { _ in SwiftLogNoOpLogHandler() }),
            facts: .init(
                version: "1", address: "http://\(name).example", manifestRevision: { nil }, isBraked: { false }),
            fleet: surroundings)
        (self.inputs, self.rollbacks) = (taken, rolling)
    }

    /// One round, and what it wants is taken in.
    func step() async {
        await service.keepSessionOnce()
        _ = await service.flush()
        _ = await service.watchOnce(surroundings)
    }

    /// The scopes for which its kernel may act now.
    func rights(atUptimeMs now: Int64) -> Set<Int> {
        var leaderships: [String: Leadership] = [:]
        for case .leadership(let next) in inputs.all { leaderships[next.scope] = next }
        let held = leaderships.values.filter { $0.isHeld && now < $0.untilUptimeMs }
        return Set(held.compactMap { Int($0.scope.dropFirst("shard-".count)) })
    }

    var report: FleetReport? { board.fleet }
}

/// Several members over one store, a second at a time. After each turn of a member it is checked that no shard is led twice.
final class FleetWorld {
    let clock = FleetClock()
    let leases: MemoryLeases
    let plan: Plan
    let folder: URL
    private(set) var nodes: [FleetNode] = []
    /// Rounds in a row that each shard was without an owner.
    private(set) var ownerless: [Int: Int] = [:]
    private(set) var longestOwnerless = 0
    private(set) var unwatchedRounds = 0

    /// With a release in each of 12 shards at least.
    init() throws {
        leases = MemoryLeases(clock)
        let counts = (20...200).map { count in (0..<count).map { "release-\($0)" } }
        let names = counts.first { names in
            FleetMap(FleetFixture.plan(names), count: 12).releases.allSatisfy { !$0.isEmpty }
        }
        plan = FleetFixture.plan(try #require(names))
        folder = try Scratch.folder("fleet")
    }

    deinit { try? FileManager.default.removeItem(at: folder) }

    @discardableResult
    func join(_ name: String, _ settings: FleetNode.Settings = .init()) async throws -> FleetNode {
        let node = try FleetNode(name, leases, plan, settings, folder: folder)
        await node.service.restore([])
        nodes.append(node)
        return node
    }

    /// Without a last turn, as a process that is killed.
    func kill(_ name: String) { nodes.removeAll { $0.name == name } }

    func leave(_ name: String) async {
        await nodes.first { $0.name == name }?.service.resign()
        kill(name)
    }

    func node(_ name: String) throws -> FleetNode { try #require(nodes.first { $0.name == name }) }

    func run(seconds: Int) async {
        for _ in 0..<seconds {
            for node in nodes {
                await node.step()
                checkOwners()
            }
            note()
            clock.pass(ms: 1_000)
            checkOwners()
        }
    }

    func isSteady() -> Bool {
        !nodes.isEmpty && nodes.allSatisfy { $0.report?.shards.allSatisfy { $0.state == .steady } ?? false }
    }

    func runUntilSteady(withinSeconds limit: Int) async {
        for _ in 0..<limit where !isSteady() { await run(seconds: 1) }
        #expect(isSteady(), "\(describe())")
    }

    func forgetGaps() { (longestOwnerless, unwatchedRounds, ownerless) = (0, 0, [:]) }

    private func checkOwners() {
        var owners: [Int: String] = [:]
        for node in nodes {
            for shard in node.rights(atUptimeMs: clock.now.uptimeMs) {
                if let other = owners[shard] { Issue.record("shard \(shard) is led by \(other) and \(node.name)") }
                owners[shard] = node.name
                #expect(node.selection.watched.contains(shard), "\(node.name) leads \(shard) and does not watch it")
            }
        }
    }

    private func note() {
        let led = Set(nodes.flatMap { $0.rights(atUptimeMs: clock.now.uptimeMs) })
        let watched = Set(nodes.flatMap(\.selection.watched))
        let count = nodes.first?.selection.map.count ?? 0
        for shard in 0..<count {
            ownerless[shard] = led.contains(shard) ? 0 : (ownerless[shard] ?? 0) + 1
            longestOwnerless = max(longestOwnerless, ownerless[shard] ?? 0)
        }
        if watched.count < count { unwatchedRounds += 1 }
    }

    func describe() -> String {
        nodes.map { node in
            let shards = node.report?.shards.map {
                "\($0.index):\($0.owner ?? "-")+\($0.standbys.joined(separator: "+")) \($0.state)"
            }
            return "\(node.name): \(shards?.joined(separator: ", ") ?? "")"
        }.joined(separator: "\n")
    }
}
