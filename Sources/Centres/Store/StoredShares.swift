import Foundation
package import Model

/// Which shares of the centre were in force, by release, as they are kept on the disk: after a restart such a value is no order.
struct StoredShares: Codable {
    struct Share: Codable {
        var basisPoints: Int
        var revision: String

        enum CodingKeys: String, CodingKey {
            case basisPoints = "basis_points"
            case revision
        }
    }

    var version = 1
    var label: String
    var shares: [String: Share]

    enum CodingKeys: String, CodingKey {
        case version = "v"
        case label, shares
    }
}

extension CentreStore {
    private static let sharesName = "shares.json"

    /// The shares that were in force, by release; empty when there are none that can be read, or when they are of another centre.
    package func shares(of label: String) -> [String: ShareOrder] {
        guard let bytes = bytes(Self.sharesName),
            let stored = try? JSONDecoder().decode(StoredShares.self, from: Data(bytes)), stored.version == 1,
            stored.label == label
        else { return [:] }
        return stored.shares.mapValues {
            ShareOrder(basisPoints: $0.basisPoints, revision: $0.revision, source: label, memory: .same)
        }
    }

    /// - Returns: why they could not be kept; nil when they are on the disk.
    package func save(_ shares: [String: ShareOrder], of label: String) -> String? {
        let stored = StoredShares(
            label: label,
            shares: shares.mapValues { StoredShares.Share(basisPoints: $0.basisPoints, revision: $0.revision) })
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        guard let bytes = try? encoder.encode(stored) else { return "the shares cannot be encoded" }
        return write([UInt8](bytes), to: Self.sharesName)
    }
}
