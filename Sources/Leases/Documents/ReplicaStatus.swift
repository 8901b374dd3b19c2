import Foundation

/// What a replica says of itself, under the key of its status.
package struct ReplicaStatus: Codable, Sendable, Equatable {
    package var v = 1
    /// Of the program.
    package var version: String
    /// Of the API; nil without `external_url`.
    package var address: String?
    /// By its own wall clock.
    package var atWallMs: Int64
    /// Revision of the centre's manifest in force; nil without a centre.
    package var manifestRevision: Int64?
    /// The highest fencing token of a document that it knows: after a store was restored from a backup a leader has to exceed it.
    package var highestToken: UInt64?
    /// The newest form of documents that it reads, see ``DocumentForms``; nil reads the first one.
    package var reads: Int? = DocumentForms.newest
    /// Nil where each replica watches all releases.
    package var fleet: FleetStatus?

    package init(
        version: String, address: String?, atWallMs: Int64, manifestRevision: Int64?, highestToken: UInt64
    ) {
        self.highestToken = highestToken
        self.version = version
        self.address = address
        self.atWallMs = atWallMs
        self.manifestRevision = manifestRevision
    }

    package func encoded() -> [UInt8] { (try? JSONEncoder().encode(self)).map(Array.init) ?? [] }

    /// Nil for what this version cannot read.
    package init?(_ bytes: [UInt8]) {
        guard bytes.count < 64 << 10, let read = try? JSONDecoder().decode(ReplicaStatus.self, from: Data(bytes)) else {
            return nil
        }
        self = read
    }
}

/// Ids of deliveries that a leader has brought to their receivers, oldest first.
package struct SentDeliveries: Codable, Sendable, Equatable {
    /// As many as are remembered.
    private static let limit = 500

    package private(set) var ids: [String] = []

    package init() {}

    package mutating func note(_ new: [String]) {
        let known = Set(ids)
        ids = Array((ids + new.filter { !known.contains($0) }).suffix(SentDeliveries.limit))
    }

    package func encoded() -> [UInt8] { (try? JSONEncoder().encode(self)).map(Array.init) ?? [] }

    /// Nil for what this version cannot read.
    package init?(_ bytes: [UInt8]) {
        guard bytes.count < 1 << 20, let read = try? JSONDecoder().decode(SentDeliveries.self, from: Data(bytes)) else {
            return nil
        }
        self = read
    }
}
