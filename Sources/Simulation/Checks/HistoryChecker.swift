import Model

/// An incident that the kernel shows is the one that its journal entries describe, while it is open, when it is closed, and
/// after a restart. The API shows an old incident from the entries alone, so this is also what it shows.
struct HistoryChecker {
    private var incidents: [String: Incident] = [:]

    mutating func began(_ entries: [JournalEntry]) {
        incidents = [:]
        for entry in entries { appended(entry) }
    }

    mutating func appended(_ entry: JournalEntry) {
        guard let id = entry.incident else { return }
        if incidents[id] == nil { incidents[id] = Incident(entry) } else { incidents[id]?.apply(entry) }
    }

    func saw(_ snapshot: Snapshot) -> String? {
        for shown in snapshot.incidents {
            guard var described = incidents[shown.id] else { return "\(shown.id) is shown and has no intent" }
            if described.isOpen, !shown.isOpen { described.retire(keepingPlan: true) }
            if described != shown { return "\(shown.id) is shown as \(shown), and its entries say \(described)" }
        }
        return nil
    }
}
