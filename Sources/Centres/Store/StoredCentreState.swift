import Foundation
package import Model

/// A state of a centre as it is kept on the disk.
package struct StoredCentreState: Codable, Sendable, Equatable {
    struct File: Codable, Equatable {
        var path: String
        var content: Data
    }

    struct Manifest: Codable, Equatable {
        var revision: Int64
        var author: String
        var reason: String
        var force: Bool
    }

    /// Of this format.
    var version = 1
    /// When it came into force, milliseconds since the epoch.
    package var savedWallMs: Int64
    package var label: String
    package var revision: String
    var order: UInt64?
    package var digest: String
    var manifest: Manifest?
    var files: [File]

    enum CodingKeys: String, CodingKey {
        case version = "v"
        case savedWallMs = "saved_ms"
        case label, revision, order, digest, manifest, files
    }

    package init(_ state: CentreState, savedWallMs: Int64) {
        self.savedWallMs = savedWallMs
        label = state.label
        revision = state.revision
        order = state.order
        digest = state.digest
        manifest = state.manifest.map {
            Manifest(revision: $0.revision, author: $0.author, reason: $0.reason, force: $0.isForced)
        }
        files = state.files.map { File(path: $0.path, content: Data($0.bytes)) }
    }

    package func encoded() throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return [UInt8](try encoder.encode(self))
    }

    /// Nil for what this version cannot read, and for a file that was changed after it was written.
    package init?(_ bytes: [UInt8]) {
        guard let read = try? JSONDecoder().decode(StoredCentreState.self, from: Data(bytes)), read.isWhole else {
            return nil
        }
        self = read
    }

    /// Of this format, and as it was written.
    var isWhole: Bool { version == 1 && state.digest == CentreDigest.of(state.files) }

    package var state: CentreState {
        let files = files.map { CentreFile(path: $0.path, bytes: Array($0.content)) }
        let manifest = manifest.map { manifest in
            ManifestText.manifest(
                of: files, revision: manifest.revision, author: manifest.author, reason: manifest.reason,
                isForced: manifest.force)
        }
        return CentreState(
            label: label, revision: revision, order: order, digest: digest, manifest: manifest, files: files)
    }
}
