import Foundation
import JournalFormat
package import Model

/// The stored form of what operators have ordered about messages: JSON with a version, and silences as the journal stores them.
package enum OperatorActsText {
    private static let version = 1

    private struct Ended: Codable {
        var id: String
        var until: Int64
    }

    private struct Acknowledgement: Codable {
        var id: String
        var subject: String
        var by: String
        var reason: String
        var until: Int64
    }

    private struct Stored: Codable {
        var v: Int
        var replica: String
        var at: Int64
        /// As `RecordFormat` writes them.
        var silences: String
        var ended: [Ended]
        var acknowledged: [Acknowledgement]
    }

    /// Nil for what is too large: then the oldest acknowledgements have to go.
    package static func encode(_ acts: OperatorActs) -> [UInt8]? {
        guard let silences = try? RecordFormat.encode(.silences(acts.silences)) else { return nil }
        let stored = Stored(
            v: version, replica: acts.replica, at: acts.atWallMs, silences: silences,
            ended: acts.ended.map { Ended(id: $0.id, until: $0.untilWallMs) },
            acknowledged: acts.acknowledgements.map {
                Acknowledgement(id: $0.id, subject: $0.subject, by: $0.by, reason: $0.reason, until: $0.untilWallMs)
            })
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        guard let data = try? encoder.encode(stored), data.count <= HandoverText.limitBytes else { return nil }
        return Array(data)
    }

    /// Nil for what this version cannot read.
    package static func acts(_ bytes: [UInt8]) -> OperatorActs? {
        guard bytes.count <= HandoverText.limitBytes,
            let stored = try? JSONDecoder().decode(Stored.self, from: Data(bytes)), stored.v == version,
            case .silences(let silences)? = try? RecordFormat.event(stored.silences, what: "silences")
        else { return nil }
        var acts = OperatorActs(replica: stored.replica, atWallMs: stored.at)
        acts.silences = silences
        acts.ended = stored.ended.map { EndedSilence(id: $0.id, untilWallMs: $0.until) }
        acts.acknowledgements = stored.acknowledged.map {
            OperatorAcknowledgement(
                id: $0.id, subject: $0.subject, by: $0.by, reason: $0.reason, untilWallMs: $0.until)
        }
        return acts
    }

    /// How old a document is, milliseconds: by the wall clock of the replica that wrote it, as far as its status says what that
    /// shows now. Without a status the clocks of two hosts are compared, and the age is never negative.
    package static func ageMs(_ acts: OperatorActs, statuses: [LeaseView.Document], nowWallMs: Int64) -> Int64 {
        let status = statuses.first { $0.path == acts.replica }.flatMap { ReplicaStatus($0.bytes) }
        return max(0, (status?.atWallMs ?? nowWallMs) - acts.atWallMs)
    }
}
