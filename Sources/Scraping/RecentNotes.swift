import Telemetry

/// Keeps what a target's scrape bodies could not prove visible for five minutes after it was seen last: a note of one
/// body would be gone before an operator reads it, and one that comes and goes would fill the log.
struct RecentNotes {
    private var recent: [(note: ReadingNote, untilUptimeMs: Int64)] = []

    private static let shownMs: Int64 = 300_000

    /// Takes a scrape body's notes and gives all that are to be shown, the one that was noted first in front.
    mutating func texts(adding notes: [ReadingNote], atUptimeMs now: Int64) -> [String] {
        if notes.isEmpty, recent.isEmpty { return [] }
        recent.removeAll { $0.untilUptimeMs <= now }
        for note in notes {
            let untilMs = now + Self.shownMs
            if let known = recent.firstIndex(where: { $0.note == note }) {
                recent[known].untilUptimeMs = untilMs
            } else {
                recent.append((note, untilMs))
            }
        }
        return recent.map(\.note.description)
    }
}
