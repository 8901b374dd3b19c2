import Foundation
import JournalFormat
package import Model

/// The stored form of what replicas hand over: JSON with a version, and journal entries as the journal stores them. A newer
/// version may add fields; what it cannot read a replica leaves alone.
package enum HandoverText {
    /// Of a document; Consul takes 512 KiB.
    package static let limitBytes = 400 << 10
    /// Of what a replica announces of a rollback.
    private static let version = 1

    private struct Step: Codable {
        var rollout: String
        var step: Int
        var standing: Int64
        var counted: Int64
        var requests: Double
    }

    private struct Alert: Codable {
        var rule: String
        var ordinal: UInt64
        var firing: Bool
    }

    private struct Entry: Codable {
        var sequence: UInt64
        var at: Int64
        var incident: String?
        /// As `RecordFormat` writes it.
        var event: String
    }

    private struct Stored: Codable {
        var v: Int
        var release: String
        var token: UInt64
        var through: UInt64
        var ordinal: UInt64
        var replica: String?
        var entries: [Entry]
        // Since form 2.
        var step: Step?
        var alerts: [Alert]?
        var revision: UInt64?
        var rearmed: [String]?
    }

    /// - Parameter form: see ``DocumentForms``.
    /// - Returns: nil for a document that is too large, or that cannot be encoded.
    package static func encode(_ document: HandoverDocument, form: Int = DocumentForms.newest) -> [UInt8]? {
        let entries = document.entries.compactMap(stored)
        guard entries.count == document.entries.count else { return nil }
        var stored = Stored(
            v: form, release: document.release, token: document.token, through: document.through,
            ordinal: document.ordinal, replica: nil, entries: entries)
        if form >= 2 {
            stored.step = document.step.map {
                Step(
                    rollout: $0.rollout, step: $0.step, standing: $0.standingMs, counted: $0.countedMs,
                    requests: $0.requests)
            }
            stored.alerts = document.alerts?.map { Alert(rule: $0.rule, ordinal: $0.ordinal, firing: $0.isFiring) }
            stored.revision = document.revision
            stored.rearmed = document.rearmed.isEmpty ? nil : document.rearmed
        }
        return bytes(stored)
    }

    /// - Parameter form: the newest one that is read.
    /// - Returns: nil for what is no document, or has an entry that this version cannot read.
    package static func document(_ bytes: [UInt8], form: Int = DocumentForms.newest) -> HandoverDocument? {
        guard let stored = read(bytes, form: form) else { return nil }
        let entries = stored.entries.compactMap { entry($0, of: stored.release) }
        guard entries.count == stored.entries.count else { return nil }
        var document = HandoverDocument(
            release: stored.release, token: stored.token, through: stored.through, ordinal: stored.ordinal,
            entries: entries)
        document.step = stored.step.map {
            HandedStep(
                rollout: $0.rollout, step: $0.step, standingMs: $0.standing, countedMs: $0.counted,
                requests: $0.requests)
        }
        document.alerts = stored.alerts?.map { AlertEpoch(rule: $0.rule, ordinal: $0.ordinal, isFiring: $0.firing) }
        document.revision = stored.revision ?? 0
        document.rearmed = stored.rearmed ?? []
        return document
    }

    /// Whether another version may know what a document says that cannot be read here; damage says nothing to any version.
    static func isOfAnotherVersion(_ bytes: [UInt8]) -> Bool {
        struct Head: Decodable { let v: Int }
        return (try? JSONDecoder().decode(Head.self, from: Data(bytes))) != nil
    }

    package static func encode(_ peer: PeerRollback) -> [UInt8]? {
        stored(peer.entry).flatMap { entry in
            bytes(
                Stored(
                    v: version, release: peer.entry.release, token: 0, through: 0, ordinal: 0, replica: peer.replica,
                    entries: [entry]))
        }
    }

    package static func peer(_ bytes: [UInt8]) -> PeerRollback? {
        guard let stored = read(bytes, form: version), let replica = stored.replica,
            let entry = stored.entries.first.flatMap({ entry($0, of: stored.release) })
        else { return nil }
        return PeerRollback(replica: replica, entry: entry)
    }

    private static func stored(_ entry: JournalEntry) -> Entry? {
        guard let event = try? RecordFormat.encode(entry.event) else { return nil }
        return Entry(sequence: entry.sequence, at: entry.wallMs, incident: entry.incident, event: event)
    }

    private static func entry(_ stored: Entry, of release: String) -> JournalEntry? {
        guard let event = try? RecordFormat.event(stored.event, what: "entry \(stored.sequence)") else { return nil }
        return JournalEntry(
            sequence: stored.sequence, wallMs: stored.at, release: release, incident: stored.incident, event: event)
    }

    private static func bytes(_ stored: Stored) -> [UInt8]? {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        guard let data = try? encoder.encode(stored), data.count <= limitBytes else { return nil }
        return Array(data)
    }

    private static func read(_ bytes: [UInt8], form: Int) -> Stored? {
        guard bytes.count <= limitBytes, let stored = try? JSONDecoder().decode(Stored.self, from: Data(bytes)),
            (1...form).contains(stored.v)
        else { return nil }
        return stored
    }
}
