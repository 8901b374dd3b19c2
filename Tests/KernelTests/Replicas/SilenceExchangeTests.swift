import Leases
import Model
import Support
import Testing

@testable import Kernel

/// Replicas that have more silences than they may keep exchange them until all keep the same ones, and are quiet then.
@Suite("Replicas: more silences than are kept")
struct SilenceExchangeTests {
    /// Replicas whose wall clocks differ, and whose documents are read late, with an age that is not exact.
    private struct World {
        private struct Node {
            var kernel: Kernel
            let skewMs: Int64
            /// Its newest document: when it was written, and who has not read it.
            var document: (bytes: [UInt8], writtenMs: Int64)?
            var unread: Set<Int> = []
        }

        private var nodes: [Node]
        private var draw: SeededGenerator
        private var nowMs: Int64 = 1_000_000
        /// Of all silences that were ordered.
        private(set) var ordered: [Silence] = []

        init(replicas: Int, seed: UInt64) {
            var draw = SeededGenerator(seed: seed)
            nodes = (0..<replicas).map { number in
                let skewMs = Int64.random(in: -3_600_000...3_600_000, using: &draw)
                let now = Moment(uptimeMs: 1_000_000, wallMs: 1_700_000_000_000 + skewMs)
                let identity = ReplicaIdentity(name: "rg-\(number)", group: "test")
                return Node(
                    kernel: Kernel(
                        plan: .example(), journalIdentity: "j\(number)", seed: 7, replica: identity, at: now),
                    skewMs: skewMs)
            }
            self.draw = draw
        }

        var indices: Range<Int> { nodes.indices }

        func silences(_ index: Int) -> [Silence] { nodes[index].kernel.snapshot(at: moment(index)).silences }

        private func moment(_ index: Int) -> Moment {
            Moment(uptimeMs: nowMs, wallMs: 1_700_000_000_000 + nowMs + nodes[index].skewMs)
        }

        /// Up to so many orders at each replica, which have not heard of each other's.
        mutating func order(upTo limit: Int) {
            for index in indices {
                for _ in 0..<Int.random(in: limit / 2...limit, using: &draw) {
                    nowMs += Int64.random(in: 0...50, using: &draw)
                    let match = NotificationMatch(releases: ["checkout"])
                    guard command(.silence(match, forMs: 86_400_000), to: index) else { break }
                    ordered += silences(index).suffix(1)
                }
            }
        }

        /// Some silences are ended, each at a replica that has it.
        mutating func end(upTo limit: Int) {
            for index in indices {
                for _ in 0..<Int.random(in: 0...limit, using: &draw) {
                    guard let one = silences(index).randomElement(using: &draw) else { continue }
                    _ = command(.endSilence(id: one.id), to: index)
                }
            }
        }

        private mutating func command(_ command: Command, to index: Int) -> Bool {
            let now = moment(index)
            let (result, effects) = nodes[index].kernel.command(command, by: "ada", reason: "because", at: now)
            write(effects, of: index)
            return result.isAccepted
        }

        /// Documents are read in any order, the newest of each replica alone.
        ///
        /// - Returns: whether nothing is left to read after so many.
        mutating func exchange(upTo limit: Int) -> Bool {
            for _ in 0..<limit {
                let open = indices.flatMap { writer in nodes[writer].unread.sorted().map { (writer, $0) } }
                guard let (writer, reader) = open.randomElement(using: &draw) else { return true }
                nowMs += Int64.random(in: 0...900, using: &draw)
                nodes[writer].unread.remove(reader)
                guard let document = nodes[writer].document, let acts = OperatorActsText.acts(document.bytes) else {
                    continue
                }
                // By the writer's status, which is a little older than now.
                let ageMs = max(0, nowMs - document.writtenMs - Int64.random(in: 0...2_000, using: &draw))
                let now = moment(reader)
                write(nodes[reader].kernel.step(.operatorsActed(acts, ageMs: ageMs), at: now), of: reader)
            }
            return false
        }

        private mutating func write(_ effects: [Effect], of index: Int) {
            for case .shareOperators(let acts) in effects {
                nodes[index].document = OperatorActsText.encode(acts).map { ($0, nowMs) }
                nodes[index].unread = Set(indices.filter { $0 != index })
            }
        }
    }

    @Test(arguments: 0..<8 as Range<UInt64>) func allKeepTheSameAndAreQuiet(_ seed: UInt64) {
        var world = World(replicas: 2 + Int(seed % 4), seed: seed)
        world.order(upTo: 200)
        let isQuiet = world.exchange(upTo: 600)
        #expect(isQuiet, "they exchange silences for ever")
        let newest = Set(world.ordered.sorted { $0.rank > $1.rank }.prefix(SilenceBook.limit).map(\.id))
        for index in world.indices { #expect(Set(world.silences(index).map(\.id)) == newest, "\(index)") }

        world.end(upTo: 20)
        world.order(upTo: 40)
        let isQuietAgain = world.exchange(upTo: 600)
        #expect(isQuietAgain, "they exchange silences for ever")
        let kept = Set(world.indices.map { Set(world.silences($0).map(\.id)) })
        #expect(kept.count == 1 && kept.first.map { $0.count <= SilenceBook.limit } == true)
    }
}
