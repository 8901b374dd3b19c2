/// Decides which of a page's increments are told, once the whole page has been counted.
///
/// What the page proves is told at once. What it does not prove is told when it is within the page's own proven events
/// (the first error of a new series), held back until the next page where it is more, and told then only when the rate
/// seen there makes it plausible (at most three times as much). Else it was a base, and a note says so.
struct IncrementJudge {
    private struct Pending {
        var sums: ReadingSums
        var seconds: Double
        /// Pages of which all counts were held back; 0 when it was only those of some series.
        var wholePages = 0
        let note: ReadingNote

        var isWholePage: Bool { wholePages > 0 }
    }

    struct Judgement {
        /// Nil when the page tells nothing.
        var sums: ReadingSums?
        /// The time that the told increments cover.
        var coveredSeconds: Double?
        var notes: [ReadingNote] = []
        var isAmbiguous = false
    }

    private var pending: Pending?
    private var processes = ProcessWatch()
    /// Events per second that the target has had lately: the highest rate, halved in some five minutes. 0 is unknown.
    private(set) var rate = 0.0

    /// The next page is a first one.
    mutating func forget() { pending = nil }

    mutating func judge(_ sums: ReadingSums, _ base: CountingBase, processStart: Double?, scrape: UInt64) -> Judgement {
        var result = Judgement()
        if base.hasNegative { result.notes.append(.negativeCounter) }
        let hasSwung = base.hasFallen || base.cameBack
        result.isAmbiguous = processes.read(
            processStart: processStart,
            hasSwung: hasSwung || base.process == .earlier || base.process == .unknown && base.resets > 0,
            scrape: scrape)
        if hasSwung || result.isAmbiguous {
            pending = nil
            if base.hasFallen { result.notes.append(.fellWithoutRestart) }
            if base.cameBack { result.notes.append(.cameBack) }
            if result.isAmbiguous { result.notes.append(.severalProcesses) }
            return result
        }
        guard base.isThere, let seconds = base.coveredSeconds, seconds > 0 else { return result }
        if let note = doubtAboutAll(sums, base, seconds) {
            hold(&result, sums, base, seconds, note)
            return result
        }
        result.sums = sums
        result.coveredSeconds = seconds
        settle(&result, base, seconds)
        weigh(&result, sums, base, seconds)
        if result.sums?.hasTooManyErrors ?? false { result.notes.append(.errorsExceedRequests) }
        // What a fall brought is no measure: two young processes behind one address would look ever busier.
        if base.resets > 0 || base.hasClimbed { return result }
        // Nor may one page raise it without bound: what it makes plausible would grow with each jump.
        let highest = base.process == .unknown && rate > 0 ? 4 * rate : .infinity
        rate = max(min(sums.size / seconds, highest), rate * max(0.5, 1 - seconds / 450))
        return result
    }

    // MARK: the whole page

    private func doubtAboutAll(_ sums: ReadingSums, _ base: CountingBase, _ seconds: Double) -> ReadingNote? {
        if base.beganAtZero { return .firstPageNotCounted }
        let size = sums.size
        let isOtherStart = base.process == .earlier || base.process == .later && !base.isRestarted
        if isOtherStart, size > 0 { return .jumpNotCounted }
        // A jump that this page refutes measures nothing: the next process's count may be a smaller jump.
        let confirmed = pending.flatMap { $0.isWholePage && isConfirmed($0, by: size, seconds) ? $0 : nil }
        // Three processes may answer in rising order, so a page without a start time needs a second confirmation.
        if base.process == .unknown, let confirmed, confirmed.wholePages == 1, confirmed.sums.size > Self.smallJump {
            return .jumpNotCounted
        }
        let pendingRate = confirmed.map { $0.sums.size / $0.seconds } ?? 0
        let isJump = size > Self.smallJump && size > Self.jumpFactor * max(rate, pendingRate) * seconds
        return isJump ? .jumpNotCounted : nil
    }

    private mutating func hold(
        _ result: inout Judgement, _ sums: ReadingSums, _ base: CountingBase, _ seconds: Double, _ note: ReadingNote
    ) {
        var held = Pending(sums: sums, seconds: seconds, wholePages: 1, note: note)
        if isPlausible(base, beside: sums, seconds) {
            held.sums.absorb(base.doubtful)
        } else {
            result.notes.append(.lateSeriesNotCounted)
        }
        if let earlier = pending, earlier.isWholePage {
            if isConfirmed(earlier, by: sums.size, seconds) {
                held.sums.absorb(earlier.sums)
                held.seconds += earlier.seconds
                held.wholePages += earlier.wholePages
            } else {
                result.notes.append(earlier.note)
            }
        }
        pending = held
    }

    /// What was held back before: this page's rate tells.
    private mutating func settle(_ result: inout Judgement, _ base: CountingBase, _ seconds: Double) {
        guard let held = pending, let sums = result.sums else { return }
        pending = nil
        let later = held.isWholePage ? sums.size : base.followed.size
        guard isConfirmed(held, by: later, seconds) else { return result.notes.append(held.note) }
        result.sums?.absorb(held.sums)
        // Where only some series were held back, the others' counts of that time are told already, so the time is covered
        // twice. Their rate is low for one page then; without it, all that was held would fall into this page's time.
        result.coveredSeconds = seconds + held.seconds
    }

    /// Whether so many events in so many seconds make what was held back before them plausible.
    private func isConfirmed(_ held: Pending, by later: Double, _ seconds: Double) -> Bool {
        let plausible = Self.plausibleFactor * later / seconds * held.seconds
        return held.sums.size <= plausible + (held.isWholePage ? CountingBase.smallCount : 0)
    }

    // MARK: some series

    private mutating func weigh(
        _ result: inout Judgement, _ sums: ReadingSums, _ base: CountingBase, _ seconds: Double
    ) {
        guard base.doubtful.size > 0 else { return }
        if isPlausible(base, beside: sums, seconds) {
            result.sums?.absorb(base.doubtful)
        } else {
            pending = Pending(sums: base.doubtful, seconds: seconds, note: .lateSeriesNotCounted)
        }
    }

    /// Whether the page's doubtful counts fit its proven ones.
    private func isPlausible(_ base: CountingBase, beside sums: ReadingSums, _ seconds: Double) -> Bool {
        base.doubtful.size <= max(sums.events, rate * seconds, Self.fewEvents)
            && !sums.hasMoreErrors(with: base.doubtful)
    }

    /// So many events of new series count whatever else comes: a service with a request per minute has first errors too.
    private static let fewEvents = 3.0
    /// A held count is at most so many times what the next page's rate makes of the same time.
    private static let plausibleFactor = 3.0
    /// A page with more than so many times the rate seen before is confirmed by the next one before it is told.
    private static let jumpFactor = 10.0
    /// So many events on one page are no jump.
    private static let smallJump = 100.0
}
