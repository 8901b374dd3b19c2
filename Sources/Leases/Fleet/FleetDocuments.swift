import Foundation

/// What a member of a fleet says of itself, in its status.
package struct FleetStatus: Codable, Sendable, Equatable {
    /// In how many shards it shares the releases out; a member with another number is none of its fleet.
    package var shards: Int
    /// Targets that it may watch; nil for no limit.
    package var capacity: Int?
    /// Shards that it watches, sorted.
    package var watched: [Int] = []
    /// Those of them that it has evidence of.
    package var ready: [Int] = []
    /// Targets of each of the watched shards, in their order.
    package var targets: [Int] = []
    /// By shard: the highest fencing token of a document that it knows.
    package var tokens: [UInt64] = []

    package init(shards: Int, capacity: Int?) { (self.shards, self.capacity) = (shards, capacity) }

    private enum CodingKeys: String, CodingKey { case shards, capacity, watched, ready, targets, tokens }

    package init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        shards = try values.decode(Int.self, forKey: .shards)
        capacity = try values.decodeIfPresent(Int.self, forKey: .capacity)
        watched = try values.decodeIfPresent([Int].self, forKey: .watched) ?? []
        ready = try values.decodeIfPresent([Int].self, forKey: .ready) ?? []
        targets = try values.decodeIfPresent([Int].self, forKey: .targets) ?? []
        tokens = try values.decodeIfPresent([UInt64].self, forKey: .tokens) ?? []
    }
}

/// Which members watch each shard: what the coordinator writes, and every member reads.
package struct FleetAssignmentDocument: Codable, Sendable, Equatable {
    private static let version = 1
    private static let limitBytes = 400 << 10

    package var v = FleetAssignmentDocument.version
    /// Grows by one with each change.
    package var number: UInt64
    /// The targets are more than the members may watch.
    package var overloaded: Bool
    /// By shard: its members, the first is to lead it.
    package var shards: [[String]]

    package init(number: UInt64, overloaded: Bool, shards: [[String]]) {
        (self.number, self.overloaded, self.shards) = (number, overloaded, shards)
    }

    package func encoded() -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return (try? encoder.encode(self)).map(Array.init) ?? []
    }

    /// Nil for what this version cannot read.
    package init?(_ bytes: [UInt8]) {
        guard bytes.count <= Self.limitBytes,
            let read = try? JSONDecoder().decode(FleetAssignmentDocument.self, from: Data(bytes)),
            read.v == Self.version
        else { return nil }
        self = read
    }

    /// Shards that come to a member that did not have them.
    package func moves(from earlier: FleetAssignmentDocument?) -> Int {
        guard let earlier else { return 0 }
        return zip(shards, earlier.shards).reduce(0) { sum, pair in sum + pair.0.count { !pair.1.contains($0) } }
    }
}

extension LeasePaths {
    package static let assignment = "fleet/assignment"
    /// Of the ids of deliveries of a shard's releases.
    package static func sent(_ scope: String) -> String { "sent/" + scope }
}
