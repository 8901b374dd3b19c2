/// What a target without a start time has shown since the reader's first scrapes of it.
///
/// Behind one address several young processes may answer in turn. The difference of two of them looks like events of one,
/// and nothing but a later scrape reports them apart. So until a target has gone on for some scrapes without a fall, a
/// scrape with many events, or with more errors than before, waits for the next one.
struct YoungTarget {
    /// Scrapes with new events since the last fall.
    private var calmScrapes = 0
    /// Errors per second of the scrapes that were counted: the highest rate.
    private var errorRate = 0.0

    /// Nothing is known yet that another process could not show as well.
    var isYoung: Bool { calmScrapes < Self.knownScrapes }

    /// A counter fell, or another process's counts were shown.
    mutating func swing() { if isYoung { self = YoungTarget() } }

    /// - Parameters:
    ///   - counted: the increments of one scrape that were accepted.
    ///   - errors: all errors of that scrape.
    ///   - spanSeconds: the time in which they came about.
    mutating func take(_ counted: ReadingSums, errors: Double, spanSeconds: Double) {
        guard isYoung, counted.size > 0 else { return }
        calmScrapes += 1
        confirm(errors: errors, spanSeconds: spanSeconds)
    }

    /// Errors that had waited were accepted.
    mutating func confirm(errors: Double, spanSeconds: Double) {
        guard isYoung else { return }
        errorRate = max(errorRate, errors / spanSeconds)
    }

    /// Whether a scrape has to wait for the next one.
    ///
    /// - Parameters:
    ///   - held: scrapes before it that wait, and that it confirms.
    ///   - rate: events per second that the target is known to have; 0 when it is not known.
    func isSurprised(by sums: ReadingSums, held: HeldCounts?, rate: Double, spanSeconds: Double) -> Bool {
        guard sums.size > CountingBase.smallCount else { return false }
        let events = max(rate, held?.eventRate ?? 0) * spanSeconds
        let errors = max(errorRate, held?.errorRate ?? 0) * spanSeconds
        return sums.size > Self.most(events) + CountingBase.smallCount || sums.errors > Self.most(errors)
    }

    private static func most(_ expected: Double) -> Double { 2 * expected + 2 * expected.squareRoot() }

    /// After so many scrapes without a fall one process is supposed to answer.
    private static let knownScrapes = 8
}

/// Counts that wait for a later scrape, in numbers that can be compared with it.
struct HeldCounts {
    var events: Double
    var errors: Double
    var spanSeconds: Double
    /// Scrapes that they come from.
    var scrapes: Int

    var eventRate: Double { events / spanSeconds }
    var errorRate: Double { errors / spanSeconds }

    /// Whether a scrape that follows may be of the same process: its rates make the held counts plausible.
    func isPlausible(before later: ReadingSums, spanSeconds laterSeconds: Double) -> Bool {
        let factor = 3 * spanSeconds / laterSeconds
        let isLikely = events <= factor * later.size + CountingBase.smallCount
        return isLikely && errors <= factor * later.errors + Self.fewErrors
    }

    /// Whether the scrape that follows shows the same rates, as far as chance lets one process show them. Three processes
    /// that answer in the order of their counts hardly ever do, so a second confirmation is not needed.
    func agrees(with later: ReadingSums, spanSeconds laterSeconds: Double) -> Bool {
        let factor = spanSeconds / laterSeconds
        return Self.areAlike(events, later.size * factor) && Self.areAlike(errors, later.errors * factor)
    }

    private static func areAlike(_ one: Double, _ other: Double) -> Bool {
        abs(one - other) <= 0.1 * max(one, other) + 1.5 * (one + other).squareRoot()
    }

    private static let fewErrors = 3.0
}
