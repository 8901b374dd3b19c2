import Model

/// Sequences rise by one, over restarts too.
struct JournalOrderChecker {
    private var last: UInt64 = 0

    mutating func began(entries: [JournalEntry]) { last = entries.last?.sequence ?? 0 }

    mutating func appended(_ entry: JournalEntry) -> String? {
        defer { last = entry.sequence }
        return entry.sequence == last + 1 ? nil : "entry \(entry.sequence) follows \(last)"
    }
}

/// The router is not called before the open incident's intent is durable, unless the intent has waited for the whole
/// grace.
struct IntentChecker {
    private struct Intent {
        var incident: String?
        var uptimeMs: Int64
    }

    private var last: [Intent?]

    init(releases: Int) { last = Array(repeating: nil, count: releases) }

    mutating func appended(_ entry: JournalEntry, release: Int, uptimeMs: Int64) {
        if case .intended = entry.event { last[release] = Intent(incident: entry.incident, uptimeMs: uptimeMs) }
    }

    func applies(
        release: Int, incident: String?, durable: [JournalEntry], graceMs: Int64, uptimeMs: Int64
    ) -> String? {
        guard let incident else { return "the router is called without an open incident" }
        let isDurable = durable.contains { entry in
            if case .intended = entry.event { entry.incident == incident } else { false }
        }
        if isDurable { return nil }
        guard let intent = last[release], intent.incident == incident else {
            return "the router is called for \(incident), which has no intent"
        }
        let waited = uptimeMs - intent.uptimeMs
        if waited >= graceMs { return nil }
        return "\(incident) is not durable, \(waited) ms after the intent (grace \(graceMs) ms)"
    }
}

/// Never two open incidents for one release.
enum SingleIncidentChecker {
    static func saw(_ snapshot: Snapshot) -> String? {
        for release in snapshot.releases {
            let open = snapshot.incidents.filter { $0.isOpen && $0.release == release.name }
            if open.count > 1 { return "open at once: \(open.map(\.id).joined(separator: ", "))" }
            if let only = open.first, release.openIncident != only.id {
                return "\(only.id) is open, but the release works on \(release.openIncident ?? "none")"
            }
        }
        return nil
    }
}
