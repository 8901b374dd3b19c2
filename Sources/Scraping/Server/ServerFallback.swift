import Model

/// Where the samples of a release come from, when its server may be replaced by scrapes. All of its pools change together: a
/// comparison of samples of the one with scrapes of the other would compare different times.
///
/// Only cycles that say so bring a change nearer, each by two intervals at the most: a process that was stopped has seen nothing
/// meanwhile.
struct ServerFallback: Sendable {
    enum Mode: Sendable, Equatable {
        case server
        case scrapes
    }

    private(set) var mode = Mode.server
    /// For how long the cycles have said that the other one would be right.
    private var doubtMs: Int64 = 0
    private var lastMs: Int64?

    /// The server is taken again after it has given samples for so long: one that comes and goes would lose counts each time.
    static let returnMs: Int64 = 60_000

    /// - Parameters:
    ///   - isUsable: whether the server gave any sample that says something about now.
    ///   - awayMs: for how long it may give none.
    /// - Returns: the new mode when it changes.
    mutating func note(isUsable: Bool, awayMs: Int64, intervalMs: Int64, atUptimeMs now: Int64) -> Mode? {
        let passedMs = lastMs.map { min(now - $0, 2 * intervalMs) } ?? 0
        lastMs = now
        guard isUsable == (mode == .scrapes) else {
            doubtMs = 0
            return nil
        }
        doubtMs += passedMs
        guard doubtMs >= (mode == .server ? awayMs : Self.returnMs) else { return nil }
        mode = mode == .server ? .scrapes : .server
        doubtMs = 0
        return mode
    }
}
