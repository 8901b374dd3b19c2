import Foundation
package import Model

/// The emergency brake as it is kept on the disk: a version, who ordered what, and the whole state that is pinned, because
/// the history is pruned.
struct StoredBrake: Codable {
    var version = 1
    var pin: CentreBrake.Order?
    var pinned: StoredCentreState?
    var detachment: CentreBrake.Order?

    enum CodingKeys: String, CodingKey {
        case version = "v"
        case pin, pinned, detachment
    }

    func encoded() throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return [UInt8](try encoder.encode(self))
    }

    init(_ brake: CentreBrake, pinned: CentreState?) {
        (pin, detachment) = (brake.pin, brake.detachment)
        self.pinned = pinned.map { StoredCentreState($0, savedWallMs: brake.pin?.sinceWallMs ?? 0) }
    }

    /// Nil for what this version cannot read, and for a pinned state that was changed after it was written.
    init?(_ bytes: [UInt8]) {
        guard let read = try? JSONDecoder().decode(StoredBrake.self, from: Data(bytes)), read.version == 1,
            (read.pin == nil) == (read.pinned == nil), read.pinned.map(\.isWhole) ?? true
        else { return nil }
        self = read
    }
}

extension CentreStore {
    /// The orders in force, with the state that is pinned. Orders that cannot be read detach the daemon from its centre:
    /// an operator did not want to follow it.
    package func brake() -> (brake: CentreBrake, pinned: CentreState?) {
        guard let bytes = bytes(Self.brakeName) else { return (CentreBrake(), nil) }
        guard let stored = StoredBrake(bytes) else {
            let order = CentreBrake.Order(
                by: "this daemon", reason: "the orders in \(Self.brakeName) cannot be read", sinceWallMs: 0)
            return (CentreBrake(detachment: order), nil)
        }
        return (CentreBrake(pin: stored.pin, detachment: stored.detachment), stored.pinned?.state)
    }

    /// Keeps the orders over a restart.
    ///
    /// - Returns: why they could not be written; nil when they are on the disk.
    package func save(_ brake: CentreBrake, pinned: CentreState?) -> String? {
        guard brake.isSet else { return remove(Self.brakeName) }
        guard let bytes = try? StoredBrake(brake, pinned: pinned).encoded() else {
            return "the order cannot be encoded"
        }
        return write(bytes, to: Self.brakeName)
    }

    private static var brakeName: String { "brake.json" }
}

/// How an operator names a state: by the revision of its manifest, or by the begin of its digest.
package enum CentreReference {
    /// The first digits of a digest, which name a state.
    package static func short(_ digest: String) -> String { String(digest.dropFirst("sha256:".count).prefix(12)) }

    /// - Throws: ``Unknown`` when there is none, or more than one.
    package static func find(_ text: String, in states: [CentreState]) throws(Unknown) -> CentreState {
        let digest = text.hasPrefix("sha256:") ? String(text.dropFirst("sha256:".count)) : text
        let revision = Int64(text)
        let found = states.filter { state in
            revision.map { state.manifest?.revision == $0 } ?? false
                || digest.count >= 6 && state.digest.dropFirst("sha256:".count).hasPrefix(digest)
        }
        guard let first = found.first else {
            throw Unknown("'\(text)' is not in the history; `rollguard config history` lists what is")
        }
        guard found.allSatisfy({ $0.digest == first.digest }) else {
            throw Unknown("'\(text)' names more than one state; give more of the digest")
        }
        return first
    }

    /// Why a text names no state.
    package struct Unknown: Error, Equatable {
        package let reason: String

        init(_ reason: String) { self.reason = reason }
    }
}
