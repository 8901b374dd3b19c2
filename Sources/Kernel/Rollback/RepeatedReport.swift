/// What is said at each try would fill the log of a router that is away for a night. A text is logged when it is another than
/// before, and else once a minute.
struct RepeatedReport: Sendable, Equatable {
    private static let repeatMs: Int64 = 60_000

    private var text = ""
    private var atUptimeMs: Int64 = 0

    /// - Returns: whether the text is to be logged now.
    mutating func isDue(_ next: String, at now: Int64) -> Bool {
        guard next != text || now - atUptimeMs >= RepeatedReport.repeatMs else { return false }
        (text, atUptimeMs) = (next, now)
        return true
    }
}
