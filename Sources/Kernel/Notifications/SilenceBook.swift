import Model

/// The silences in force. Their ends are waited for on the monotonic clock, so that a wall clock that is set does not
/// lengthen them.
struct SilenceBook: Sendable, Equatable {
    private struct Entry: Sendable, Equatable {
        var silence: Silence
        let endsUptimeMs: Int64
    }

    /// More are refused.
    static let limit = 200

    private var entries: [Entry] = []
    private var isChanged = false

    var all: [Silence] { entries.map(\.silence) }

    var isFull: Bool { entries.count >= SilenceBook.limit }

    var nextEndUptimeMs: Int64? { entries.map(\.endsUptimeMs).min() }

    mutating func add(_ silence: Silence, at now: Moment) {
        entries.append(SilenceBook.entry(silence, at: now))
        isChanged = true
    }

    /// Takes one of another replica. The newest ones are kept where there are too many, see ``Silence/rank``: of those that all
    /// replicas know, the same in each of them. By times that each replica has by its own clock, two of them would disagree about the
    /// oldest, and each would take in for ever what the other one drops.
    ///
    /// - Returns: whether it is in force.
    mutating func adopt(_ silence: Silence, at now: Moment) -> Bool {
        if isFull {
            let oldest = entries.indices.min { entries[$0].silence.rank < entries[$1].silence.rank }
            guard let oldest, entries[oldest].silence.rank < silence.rank else { return false }
            entries.remove(at: oldest)
        }
        add(silence, at: now)
        return true
    }

    mutating func end(_ id: String) -> Silence? {
        guard let index = entries.firstIndex(where: { $0.silence.id == id }) else { return nil }
        isChanged = true
        return entries.remove(at: index).silence
    }

    mutating func takeEnded(at now: Moment) -> [Silence] {
        let ended = entries.filter { $0.endsUptimeMs <= now.uptimeMs }
        guard !ended.isEmpty else { return [] }
        entries.removeAll { $0.endsUptimeMs <= now.uptimeMs }
        isChanged = true
        return ended.map(\.silence)
    }

    func hides(_ notification: Notification) -> Bool { entries.contains { $0.silence.hides(notification) } }

    /// The same, and counts it.
    mutating func hide(_ notification: Notification, at now: Moment) -> Bool {
        let hiding = entries.firstIndex { $0.endsUptimeMs > now.uptimeMs && $0.silence.hides(notification) }
        guard let index = hiding else { return false }
        entries[index].silence.hidden += 1
        return true
    }

    mutating func restore(_ list: [Silence], at now: Moment) {
        entries = list.map { SilenceBook.entry($0, at: now) }.filter { $0.endsUptimeMs > now.uptimeMs }
    }

    /// A wall clock that went back does not make a silence longer than it was meant to be.
    private static func entry(_ silence: Silence, at now: Moment) -> Entry {
        let restMs = min(silence.endsWallMs - now.wallMs, silence.endsWallMs - silence.beganWallMs)
        return Entry(silence: silence, endsUptimeMs: now.uptimeMs + min(restMs, Silence.longestMs))
    }

    mutating func takeChange() -> [Silence]? {
        defer { isChanged = false }
        return isChanged ? all : nil
    }
}
