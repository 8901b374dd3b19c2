import Model

/// What a restart reads is what was written, nothing less and nothing more.
enum RecordChecker {
    static func differs(_ read: [JournalEntry], _ written: [JournalEntry]) -> String? {
        if let pair = zip(read, written).first(where: { $0 != $1 }) {
            return "entry \(pair.1.sequence) is read as \(pair.0)"
        }
        return read.count == written.count ? nil : "\(read.count) entries are read, \(written.count) were written"
    }
}
