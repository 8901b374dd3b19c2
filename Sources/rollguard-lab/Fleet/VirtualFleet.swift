import Model
import Support

/// Releases with sizes that follow from a seed, and the shards in which they are.
struct VirtualFleet {
    let copies: Int
    /// Targets by shard.
    private(set) var weights: [Int]
    let releases: Int
    let targets: Int
    /// Targets of a release that comes later.
    let largest: Int
    private let largestShard: Int

    init(releases: Int, targets: Int, shards count: Int, copies: Int, largest: Int, seed: UInt64) {
        (self.copies, self.releases, self.targets, self.largest) = (copies, releases, targets, largest)
        // None of them belongs to another one, so names alone say where they are.
        let shards = FleetShards(count: count, plan: Plan(daemon: DaemonPlan(stateDirectory: ""), releases: []))
        weights = Array(repeating: 0, count: count)
        largestShard = shards.shard(of: "service-large")
        for (number, size) in VirtualFleet.sizes(releases, targets, seed).enumerated() {
            weights[shards.shard(of: "service-\(number)")] += size
        }
    }

    /// Two targets at least; most releases are small, and one in ten is ten times as large as the others.
    private static func sizes(_ releases: Int, _ targets: Int, _ seed: UInt64) -> [Int] {
        var dice = SeededGenerator(seed: seed)
        let parts = (0..<releases).map { number in Int(dice.next() % 100 + 1) * (number % 10 == 0 ? 10 : 1) }
        let sum = parts.reduce(0, +)
        var sizes = parts.map { 2 + $0 * (targets - 2 * releases) / sum }
        for number in 0..<(targets - sizes.reduce(0, +)) { sizes[number % releases] += 1 }
        return sizes
    }

    mutating func addLargest() { weights[largestShard] += largest }

    var total: Int { weights.reduce(0, +) }
}
