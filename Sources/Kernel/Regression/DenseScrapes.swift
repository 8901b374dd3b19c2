/// Scrapes both pools more often while the evidence grows, so that it is decided sooner: a verdict waits for the end of a
/// cycle, and each block for the one after it.
///
/// Valid whatever makes it begin, because the length of a cycle is settled before anything of it is seen. Both pools are
/// scraped more often together: one alone would make a gap between their scrapes.
struct DenseScrapes: Sendable, Equatable {
    /// The log evidence above which denser scrapes are worth their cost.
    static let suspicion = 1.0
    /// A dense cycle is this part of the interval, and no shorter than ``shortestMs``.
    static let part: Int64 = 4
    static let shortestMs: Int64 = 1_000
    /// Targets are busy with a dense scrape for at most this part of the time.
    private static let busyPart: Int64 = 4
    /// How long scrapes may be dense at a stretch; it is earned back in ten times the time.
    private static let reserveMs: Int64 = 300_000
    private static let earnedPart: Int64 = 10

    let intervalMs: Int64
    private(set) var isDense = false
    private var leftMs = reserveMs
    private var lastUptimeMs: Int64?

    init(intervalMs: Int64) { self.intervalMs = intervalMs }

    /// The shortest cycle for an interval; rows of the windows are at least so far apart.
    static func shortestCycleMs(intervalMs: Int64) -> Int64 { min(intervalMs, max(shortestMs, intervalMs / part)) }

    /// Another interval starts over.
    mutating func adopt(intervalMs next: Int64) {
        if next != intervalMs { self = DenseScrapes(intervalMs: next) }
    }

    /// Decides on the next cycle.
    ///
    /// - Parameters:
    ///   - suspicion: a rough log evidence; 0 outside of a release.
    ///   - slowestAnswerMs: of the targets' last answers.
    mutating func take(suspicion: Double, slowestAnswerMs: Int64, atUptimeMs now: Int64) {
        let passedMs = lastUptimeMs.map { max(0, min(now - $0, 2 * intervalMs)) } ?? 0
        lastUptimeMs = now
        leftMs = isDense ? leftMs - passedMs : min(DenseScrapes.reserveMs, leftMs + passedMs / DenseScrapes.earnedPart)
        // Once it is spent, a part of it has to be earned before scrapes are dense again.
        let isAffordable = isDense ? leftMs > 0 : leftMs > DenseScrapes.reserveMs / 10
        isDense = suspicion > DenseScrapes.suspicion && isAffordable && cycleMs(slowestAnswerMs) < intervalMs
        answerMs = slowestAnswerMs
    }

    private var answerMs: Int64 = 0

    /// From the begin of the running cycle to that of the next.
    var nextCycleMs: Int64 { isDense ? cycleMs(answerMs) : intervalMs }

    private func cycleMs(_ slowestAnswerMs: Int64) -> Int64 {
        max(DenseScrapes.shortestCycleMs(intervalMs: intervalMs), DenseScrapes.busyPart * slowestAnswerMs)
    }
}
