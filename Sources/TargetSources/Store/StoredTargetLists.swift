package import Discovery
import Foundation

/// The targets of a release that were in force, as they are kept for a restart: the daemon then knows what it watches even
/// while no source can be reached.
package struct StoredTargetLists: Codable, Equatable {
    struct Target: Codable, Equatable {
        /// Before relabelling.
        var labels: [String: String]
        var id: String?
    }

    struct Source: Codable, Equatable {
        var name: String
        var targets: [Target]
    }

    /// Of this format.
    var version = 1
    /// When a source last confirmed the lists, milliseconds since the epoch.
    package var savedWallMs: Int64
    var sources: [Source] = []

    enum CodingKeys: String, CodingKey {
        case version = "v"
        case savedWallMs = "saved_ms"
        case sources
    }

    package init(savedWallMs: Int64) { self.savedWallMs = savedWallMs }

    /// - Parameter name: of the source; two sources of a release with one name share a list.
    package mutating func add(source name: String, _ listed: [ListedTarget]) {
        let targets = listed.map { target in
            Target(
                labels: Dictionary(
                    target.discovered.labels.map { ($0.name, $0.value) }, uniquingKeysWith: { first, _ in first }),
                id: target.key.uniqueID)
        }
        sources.append(Source(name: name, targets: targets))
    }

    /// What the source had; nil for one that is not in the lists.
    package func group(source name: String) -> TargetGroup? {
        sources.first { $0.name == name }.map { source in
            TargetGroup(
                source: "the list on the disk",
                targets: source.targets.map {
                    DiscoveredTarget(labels: LabelSet($0.labels.map { ($0, $1) }), uniqueID: $0.id)
                })
        }
    }

    package func encoded() throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return [UInt8](try encoder.encode(self))
    }

    /// Nil for what this version cannot read.
    package init?(_ bytes: [UInt8]) {
        guard let read = try? JSONDecoder().decode(StoredTargetLists.self, from: Data(bytes)), read.version == 1 else {
            return nil
        }
        self = read
    }
}
