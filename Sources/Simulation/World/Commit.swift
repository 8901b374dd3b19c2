import JournalFormat
import Model

/// One transaction of the journal as bytes on the disk: its records and a checksum over all of them.
struct Commit {
    private struct Record {
        var sequence: UInt64
        var wallMs: Int64
        var release: String
        var incident: String?
        /// In the journal's record format.
        var text: String
    }

    private var records: [Record]
    private let checksum: UInt64

    init(_ batch: JournalBatch) {
        records = batch.entries.map { entry in
            Record(
                sequence: entry.sequence, wallMs: entry.wallMs, release: entry.release, incident: entry.incident,
                text: Commit.text(entry.event))
        }
        checksum = Commit.sum(records)
    }

    private static func text(_ event: JournalEvent) -> String {
        guard let text = try? RecordFormat.encode(event) else { preconditionFailure("a journal event always encodes") }
        return text
    }

    /// FNV-1a, 64 bits.
    private static func sum(_ records: [Record]) -> UInt64 {
        var sum: UInt64 = 0xcbf2_9ce4_8422_2325
        for record in records {
            for byte in record.text.utf8 { sum = (sum ^ UInt64(byte)) &* 0x0000_0100_0000_01b3 }
        }
        return sum
    }

    var isWhole: Bool { Commit.sum(records) == checksum }

    /// The same commit without its end; at least its last byte is missing.
    func torn(keptPerMille: Int) -> Commit {
        var torn = self
        let bytes = records.reduce(0) { $0 + $1.text.utf8.count }
        var left = min(bytes - 1, bytes * keptPerMille / 1_000)
        for index in torn.records.indices {
            let text = torn.records[index].text
            torn.records[index].text = String(decoding: text.utf8.prefix(left), as: UTF8.self)
            left -= min(left, text.utf8.count)
        }
        torn.records.removeAll { $0.text.isEmpty }
        return torn
    }

    /// - Parameter skippingUnreadable: else an unreadable record ends the process: a whole commit has none.
    func entries(skippingUnreadable: Bool) -> [JournalEntry] {
        records.compactMap { record in
            do throws(UnreadableRecord) {
                return JournalEntry(
                    sequence: record.sequence, wallMs: record.wallMs, release: record.release,
                    incident: record.incident,
                    event: try RecordFormat.event(record.text, what: "entry \(record.sequence)"))
            } catch {
                precondition(skippingUnreadable, "\(error), although its commit is whole")
                return nil
            }
        }
    }
}
