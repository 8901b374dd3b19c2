/// Decides which of a page's increments are told, once the whole page has been counted.
///
/// What the page proves is told at once. What it does not prove is told when it is within the page's own proven events
/// (the first error of a new series), held back until the next page where it is more, and told then only when the rate
/// seen there makes it plausible (at most three times as much). Else it was a base, and a note says so. Pages that repeat
/// the values of the one before are no next page: exporters may render a page only now and then.
struct IncrementJudge {
    private struct Pending {
        var sums: ReadingSums
        /// The time that is told with the counts.
        var seconds: Double
        /// The time since the values had changed before, in which the counts may have come about.
        var spanSeconds: Double
        /// Of scrapes after it that repeated its values.
        var repeatSeconds = 0.0
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
    /// Of scrapes that told nothing because a counter had fallen. What they counted comes with its return.
    private var withheldSeconds = 0.0
    /// Events per second that the target has had lately: the highest rate, halved in some five minutes. 0 is unknown.
    private(set) var rate = 0.0
    /// For so long the scrapes before have repeated the same values. Exporters and caches that render a body only now and
    /// then do so; the next counts come from all of that time, as far as it is no longer than such exporters wait.
    private(set) var repeatedSeconds = 0.0

    /// The next page is a first one.
    mutating func forget() { (pending, withheldSeconds, repeatedSeconds) = (nil, 0, 0) }

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
            withhold(base)
            if base.hasFallen { result.notes.append(.fellWithoutRestart) }
            if base.cameBack { result.notes.append(.cameBack) }
            if result.isAmbiguous { result.notes.append(.severalProcesses) }
            return result
        }
        guard base.isThere, let sincePage = base.coveredSeconds, sincePage > 0 else { return result }
        let isRepeat = isRepeat(sums, base)
        if isRepeat, repeats(sincePage) { return result }
        let seconds = sincePage + takeWithheld(base) + (pending?.repeatSeconds ?? 0)
        let span = max(seconds, sincePage + repeatedSeconds)
        if !isRepeat { repeatedSeconds = 0 }
        // The series fell and returned by different amounts, so their sums do not fit each other.
        if base.hasReturned, sums.hasMoreErrors { return result }
        if let note = doubtAboutAll(sums, base, span) {
            hold(&result, sums, base, (seconds, span), note)
            return result
        }
        result.sums = sums
        result.coveredSeconds = seconds
        settle(&result, base, (seconds, span))
        weigh(&result, sums, base, (seconds, span))
        if result.sums?.hasTooManyErrors ?? false { result.notes.append(.errorsExceedRequests) }
        withholdAll(&result, base)
        // What a fall brought is no measure: two young processes behind one address would look ever busier.
        if base.resets > 0 || base.hasClimbed { return result }
        // Nor may one page raise it without bound: what it makes plausible would grow with each jump.
        let highest = base.process == .unknown && rate > 0 ? 4 * rate : .infinity
        rate = max(min(sums.size / span, highest), rate * max(0.5, 1 - seconds / 450))
        return result
    }

    /// Seconds that are told with a scrape's counts, and those in which they may have come about.
    private typealias Time = (told: Double, span: Double)

    // MARK: scrapes that told nothing

    private func isRepeat(_ sums: ReadingSums, _ base: CountingBase) -> Bool {
        base.hasEarlierPage && base.resets == 0 && !sums.hasRisen && !base.doubtful.hasRisen
    }

    /// A scrape that repeats the values before it neither confirms nor refutes what was held back: the exporter may not
    /// have rendered another body yet.
    ///
    /// - Returns: whether it tells nothing; else it tells that nothing happened.
    private mutating func repeats(_ seconds: Double) -> Bool {
        let isShort = repeatedSeconds + seconds <= Self.longestRepeatSeconds
        repeatedSeconds = min(repeatedSeconds + seconds, Self.longestRepeatSeconds)
        guard isShort, pending?.isWholePage == true else { return false }
        pending?.repeatSeconds += seconds
        return true
    }

    /// Exporters and caches that render a body only now and then mostly do so this often.
    private static let longestRepeatSeconds = 15.0

    private mutating func withhold(_ base: CountingBase) {
        if base.cameBack || !base.hasFallen { withheldSeconds = 0 }
        if base.hasFallen { withheldSeconds += base.coveredSeconds ?? 0 }
    }

    /// The time before the last scrape that this one's increments cover, seconds.
    private mutating func takeWithheld(_ base: CountingBase) -> Double {
        guard base.hasReturned || base.isRestarted else { return 0 }
        defer { withheldSeconds = 0 }
        return base.hasReturned ? withheldSeconds : 0
    }

    /// Zero must not be told where all that was counted waits for the next scrape: it would be a silence.
    private func withholdAll(_ result: inout Judgement, _ base: CountingBase) {
        guard base.hasDoubtfulClimb, pending != nil, result.sums?.size == 0 else { return }
        (result.sums, result.coveredSeconds) = (nil, nil)
    }

    // MARK: the whole page

    private func doubtAboutAll(_ sums: ReadingSums, _ base: CountingBase, _ span: Double) -> ReadingNote? {
        if base.beganAtZero { return .firstPageNotCounted }
        let size = sums.size
        let isOtherStart = base.process == .earlier || base.process == .later && !base.isRestarted
        if isOtherStart, size > 0 { return .jumpNotCounted }
        // A jump that this page refutes measures nothing: the next process's count may be a smaller jump.
        let confirmed = pending.flatMap { $0.isWholePage && isConfirmed($0, by: size, span) ? $0 : nil }
        // Three processes may answer in rising order, so a page without a start time needs a second confirmation.
        if base.process == .unknown, let confirmed, confirmed.wholePages == 1, confirmed.sums.size > Self.smallJump {
            return .jumpNotCounted
        }
        let pendingRate = confirmed.map { $0.sums.size / $0.spanSeconds } ?? 0
        let isJump = size > Self.smallJump && size > Self.jumpFactor * max(rate, pendingRate) * span
        return isJump ? .jumpNotCounted : nil
    }

    private mutating func hold(
        _ result: inout Judgement, _ sums: ReadingSums, _ base: CountingBase, _ time: Time, _ note: ReadingNote
    ) {
        var held = Pending(sums: sums, seconds: time.told, spanSeconds: time.span, wholePages: 1, note: note)
        if isPlausible(base, beside: sums, time.span) {
            held.sums.absorb(base.doubtful)
        } else {
            result.notes.append(.lateSeriesNotCounted)
        }
        if let earlier = pending, earlier.isWholePage {
            if isConfirmed(earlier, by: sums.size, time.span) {
                held.sums.absorb(earlier.sums)
                held.seconds += earlier.seconds
                held.spanSeconds += earlier.spanSeconds
                held.wholePages += earlier.wholePages
            } else {
                result.notes.append(earlier.note)
            }
        }
        pending = held
    }

    /// What was held back before: this page's rate tells.
    private mutating func settle(_ result: inout Judgement, _ base: CountingBase, _ time: Time) {
        guard let held = pending, let sums = result.sums else { return }
        pending = nil
        let later = held.isWholePage ? sums.size : base.followed.size
        guard isConfirmed(held, by: later, time.span) else { return result.notes.append(held.note) }
        result.sums?.absorb(held.sums)
        // Two scrapes agree, so it is the rate, whatever the rate was before.
        if !held.isWholePage { rate = max(rate, min(held.sums.size / held.spanSeconds, later / time.span)) }
        // Where only some series were held back, the others' counts of that time are told already, so the time is covered
        // twice. Their rate is low for one page then; without it, all that was held would fall into this page's time.
        result.coveredSeconds = time.told + held.seconds
    }

    /// Whether so many events in so many seconds make what was held back before them plausible.
    private func isConfirmed(_ held: Pending, by later: Double, _ span: Double) -> Bool {
        let plausible = Self.plausibleFactor * later / span * held.spanSeconds
        return held.sums.size <= plausible + (held.isWholePage ? CountingBase.smallCount : 0)
    }

    // MARK: some series

    private mutating func weigh(
        _ result: inout Judgement, _ sums: ReadingSums, _ base: CountingBase, _ time: Time
    ) {
        guard base.doubtful.size > 0 else { return }
        if isPlausible(base, beside: sums, time.span) {
            result.sums?.absorb(base.doubtful)
        } else {
            pending = Pending(
                sums: base.doubtful, seconds: time.told, spanSeconds: time.span, note: .lateSeriesNotCounted)
        }
    }

    /// Whether the page's doubtful counts fit its proven ones.
    private func isPlausible(_ base: CountingBase, beside sums: ReadingSums, _ span: Double) -> Bool {
        base.doubtful.size <= max(sums.events, rate * span, Self.fewEvents)
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
