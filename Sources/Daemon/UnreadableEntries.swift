import Logging
import Model

/// Entries of the journal that were skipped at the start because they cannot be read. A start does not fail because of
/// them; what they would have restored is not known to this process.
enum UnreadableEntries {
    /// Log lines at most; a journal with more is damaged as a whole.
    private static let limit = 20

    static func warn(of entries: [JournalEntry], _ logger: Logger) {
        let lines = entries.compactMap { entry -> String? in
            guard case .unreadable(let kind, let reason) = entry.event else { return nil }
            let name = "\(entry.release): journal entry \(entry.sequence) (\(kind))"
            return "\(name) cannot be read and was skipped: \(reason)"
        }
        for line in lines.prefix(limit) { logger.warning("\(line)") }
        if lines.count > limit {
            logger.warning("\(lines.count - limit) more journal entries cannot be read and were skipped")
        }
    }
}
