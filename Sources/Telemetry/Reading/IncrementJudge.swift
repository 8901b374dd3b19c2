/// Decides which of a scrape body's increments are reported, once the whole body has been counted.
///
/// A body is reported as a whole or not at all: errors that are proven beside requests that are not would be a rate of
/// nothing.
///
/// - What the body proves is reported at once, together with doubtful counts that fit the target's rate (the first
///   errors of a new series).
/// - A body with more doubt is held back until the next one, and reported then only when the rate seen there makes it
///   plausible (at most three times as much). Else it was a base, and a note says so.
/// - A body in which a series is missing that has just moved does not know its counts. They are reported with the body
///   in which the series is back, or after 15 s without it.
/// - Bodies that repeat the values of the one before are no next body, and no zero, as long as the target's exporter
///   has been seen to repeat its bodies: exporters may render a body only now and then.
struct IncrementJudge {
    private struct Pending {
        /// What the scrape body proved.
        var sums: ReadingSums
        /// What it did not prove; only of a scrape body that is held back because of some series.
        var doubtful: ReadingSums?
        /// The time that is reported with the counts.
        var seconds: Double
        /// The time since the values had changed before, in which the counts may have come about.
        var spanSeconds: Double
        /// Of scrapes after it that repeated its values.
        var repeatSeconds = 0.0
        /// Scrape bodies that were held back because of all their counts; 0 when it was because of some series.
        var wholeScrapes = 0
        /// The target was young: errors are compared too, and silence refutes nothing.
        var isYoung = false
        let note: ReadingNote

        var isWholeScrape: Bool { wholeScrapes > 0 }

        var counts: HeldCounts {
            HeldCounts(events: sums.size, errors: sums.errors, spanSeconds: spanSeconds, scrapes: wholeScrapes)
        }

        /// With those of its new series.
        var countsOfAll: HeldCounts {
            var all = sums
            if let doubtful { all.absorb(doubtful) }
            return HeldCounts(events: all.size, errors: all.errors, spanSeconds: spanSeconds, scrapes: wholeScrapes)
        }

        /// Whether the scrape that follows shows the same rates.
        func agrees(with later: ReadingSums, _ span: Double) -> Bool {
            counts.agrees(with: later, spanSeconds: span) || countsOfAll.agrees(with: later, spanSeconds: span)
        }
    }

    struct Judgement {
        /// Nil when the scrape body reports nothing.
        var sums: ReadingSums?
        /// The time that the reported increments cover.
        var coveredSeconds: Double?
        var notes: [ReadingNote] = []
        var isAmbiguous = false
        /// Series that had moved have been missing for too long to be waited for.
        var isTiredOfMissing = false
    }

    private var pending: Pending?
    private var processes = ProcessWatch()
    /// Of scrapes that reported nothing because a counter had fallen. What they counted comes with its return.
    private var withheldSeconds = 0.0
    /// Not all series fell, or they return one after the other: what a return brings is of another time than what the
    /// others brought.
    private var isReturningInParts = false
    /// Scrape bodies that repeated the one before, or missed a series that had moved: they are reported with the next
    /// complete body.
    private var open = OpenScrapes()
    private var pauses = RepeatedScrapes()
    private var young = YoungTarget()
    /// Doubtful events per second of the last two scrape bodies: where series come and go all the time, new ones are
    /// nothing new.
    private var doubts = (0.0, 0.0)
    /// Events per second that the target has had lately: the highest rate, halved in some five minutes. 0 is unknown.
    private(set) var rate = 0.0
    private var gaps = ScrapeGaps()
    /// For so long the scrapes before have repeated the same values. Exporters and caches that render a body only now and
    /// then do so; the next counts come from all of that time, as far as it is no longer than such exporters wait.
    private(set) var repeatedSeconds = 0.0

    /// The next scrape body is a first one.
    mutating func forget() {
        (pending, withheldSeconds, repeatedSeconds, open, gaps) = (nil, 0, 0, OpenScrapes(), ScrapeGaps())
        isReturningInParts = false
    }

    /// The time before the last scrape body whose counts are still to come, seconds.
    var openSeconds: Double { open.seconds }

    mutating func judge(_ rises: ReadingSums, _ base: CountingBase, _ body: JudgedScrape) -> Judgement {
        var sums = rises
        for missing in base.restarted?.missing ?? [] { sums.absorb(missing) }
        var result = Judgement()
        if base.hasNegative { result.notes.append(.negativeCounter) }
        let hasSwung = base.hasFallen || base.cameBack
        result.isAmbiguous = isAmbiguous(base, body, hasSwung: hasSwung)
        if hasSwung || base.resets > 0 && base.process == .unknown || result.isAmbiguous { young.swing() }
        if hasSwung || result.isAmbiguous {
            (pending, open) = (nil, OpenScrapes())
            withhold(base, rises)
            if base.hasFallen { result.notes.append(.fellWithoutRestart) }
            if base.cameBack { result.notes.append(.cameBack) }
            if result.isAmbiguous { result.notes.append(.severalProcesses) }
            return result
        }
        guard base.isThere, let sinceScrape = base.coveredSeconds, sinceScrape > 0 else { return result }
        if base.isUnreadable || isOfAnotherProcess(base) || isUnprovenRestart(base) {
            (pending, open) = (nil, OpenScrapes())
            return result
        }
        let isRepeat = !body.isOwnScrape && isRepeat(sums, base)
        if isRepeat, repeats(sinceScrape, body) { return result }
        let seconds = open.seconds + sinceScrape + takeWithheld(base) + (pending?.repeatSeconds ?? 0)
        let span = max(seconds, sinceScrape + repeatedSeconds)
        if !isRepeat {
            pauses.change(afterSeconds: repeatedSeconds > 0 ? repeatedSeconds + sinceScrape : 0)
            repeatedSeconds = 0
        }
        if body.missesMovingSeries {
            if open.missing(sums, sinceScrape) { return result }
            result.isTiredOfMissing = true
        }
        var whole = sums
        if let earlier = open.take() { whole.absorb(earlier) }
        // The series fell and returned by different amounts, so their sums do not fit each other.
        if returnsInParts(base) || base.hasReturned && whole.hasMoreErrors { return result }
        gaps.began(afterSeconds: sinceScrape)
        decide(&result, whole, base, (seconds, span))
        if !isRepeat { gaps.ended(afterSeconds: sinceScrape) }
        learnRate(whole, base, (seconds, span), isReported: result.sums != nil)
        return result
    }

    /// Holds the scrape body back, or reports it with what was held back before it.
    private mutating func decide(_ result: inout Judgement, _ sums: ReadingSums, _ base: CountingBase, _ time: Time) {
        defer { doubts = (doubts.1, base.doubtful.size / time.span) }
        if let note = doubtAboutAll(sums, base, time.span) { return hold(&result, sums, base, time, note) }
        let isPlausible = isPlausible(base, beside: sums, time.span)
        result.sums = sums
        result.coveredSeconds = time.covered
        settle(&result, base, time)
        guard isPlausible else { return holdBack(&result, sums, base, time) }
        young.take(sums, errors: sums.errors + base.doubtful.errors, spanSeconds: time.span)
        result.sums?.absorb(base.doubtful)
        if result.sums?.hasTooManyErrors ?? false { result.notes.append(.errorsExceedRequests) }
    }

    private mutating func learnRate(_ sums: ReadingSums, _ base: CountingBase, _ time: Time, isReported: Bool) {
        // What a fall brought is no measure: two young processes behind one address would appear ever busier. Nor is a
        // jump that is not confirmed yet.
        if base.resets > 0 || base.hasClimbed || !isReported && pending?.isWholeScrape != false { return }
        // Nor may one scrape body raise it without bound: what it makes plausible would grow with each jump.
        let highest = base.process == .unknown && rate > 0 ? 4 * rate : .infinity
        rate = max(min(sums.size / time.span, highest), rate * max(0.5, 1 - time.covered / 450))
    }

    // MARK: several processes

    private mutating func isAmbiguous(_ base: CountingBase, _ body: JudgedScrape, hasSwung: Bool) -> Bool {
        let isReset = base.process == .unknown && base.resets > 0
        let isOther = hasSwung || base.process == .earlier || isReset
        // A start time that is computed from an uptime goes back and forth as well, but then the counters just keep
        // rising.
        let isConsistent = !isOther && base.resets == 0 && base.doubtful.size == 0
        return processes.read(
            processStart: body.processStart, hasSwung: isOther, isConsistent: isConsistent, scrape: body.scrape)
    }

    /// Another process answers, and nothing proves that it began at zero since the scrape body before: its counts may
    /// be those of a life of which nothing is known.
    private func isOfAnotherProcess(_ base: CountingBase) -> Bool {
        !base.beganAtZero && base.restarted?.isUnknown ?? false
    }

    /// A fall without a start time in the scrape body: its process may have restarted, or another one may have
    /// answered, whose counts are those of its own life. The body is a base.
    private func isUnprovenRestart(_ base: CountingBase) -> Bool { base.process == .unknown && base.resets > 0 }

    /// Seconds that are reported with a scrape's counts, and those in which they may have come about.
    private typealias Time = (covered: Double, span: Double)

    // MARK: scrapes that reported nothing

    private func isRepeat(_ sums: ReadingSums, _ base: CountingBase) -> Bool {
        base.hasEarlierScrape && base.resets == 0 && !base.hasSlipped && !sums.hasRisen && !base.doubtful.hasRisen
    }

    /// A scrape that repeats the values before it neither confirms nor refutes what was held back: the exporter may not
    /// have rendered another body yet.
    ///
    /// - Returns: whether it reports nothing; else it reports that nothing happened.
    private mutating func repeats(_ seconds: Double, _ body: JudgedScrape) -> Bool {
        let longest = max(pauses.longestSeconds(scrapeSeconds: seconds), pending == nil ? 0 : Self.longestRepeatSeconds)
        let isShort = repeatedSeconds + seconds <= longest
        repeatedSeconds = min(repeatedSeconds + seconds, RepeatedScrapes.mostSeconds)
        guard isShort || body.isFrozen else { return false }
        if pending != nil { pending?.repeatSeconds += seconds } else { open.seconds += seconds }
        return true
    }

    private static let longestRepeatSeconds = RepeatedScrapes.usualSeconds

    private mutating func withhold(_ base: CountingBase, _ rises: ReadingSums) {
        if base.cameBack || !base.hasFallen { withheldSeconds = 0 }
        guard base.hasFallen else { return }
        withheldSeconds += base.coveredSeconds ?? 0
        isReturningInParts = isReturningInParts || rises.hasMoreEvents
    }

    /// A series that reaches its old level brings what lies above it; the others bring all that they counted. A histogram
    /// put together so would have slow requests and no fast ones.
    private mutating func returnsInParts(_ base: CountingBase) -> Bool {
        guard base.hasReturned else { return false }
        defer { isReturningInParts = base.isStillBelow }
        return isReturningInParts || base.isStillBelow
    }

    /// The time before the last scrape that this one's increments cover, seconds.
    private mutating func takeWithheld(_ base: CountingBase) -> Double {
        guard base.hasReturned || base.isRestarted else { return 0 }
        defer { withheldSeconds = 0 }
        return base.hasReturned ? withheldSeconds : 0
    }

    // MARK: the whole scrape body

    private func doubtAboutAll(_ sums: ReadingSums, _ base: CountingBase, _ span: Double) -> ReadingNote? {
        if base.beganAtZero { return .firstScrapeNotCounted }
        let size = sums.size
        let isOtherStart = base.process == .earlier || base.process == .later && !base.isRestarted
        if isOtherStart, size > 0 { return .jumpNotCounted }
        if isYoung(base) { return doubtAboutYoung(sums, span) }
        // A jump that this scrape body refutes measures nothing: the next process's count may be a smaller jump.
        let confirmed = pending.flatMap { $0.isWholeScrape && isConfirmed($0, by: sums, span) ? $0 : nil }
        // Three processes may answer in rising order, so a scrape body without a start time needs a second
        // confirmation.
        if base.process == .unknown, let confirmed, confirmed.wholeScrapes == 1, confirmed.sums.size > Self.smallJump {
            return .jumpNotCounted
        }
        let pendingRate = confirmed.map { $0.sums.size / $0.spanSeconds } ?? 0
        let expected = max(rate, pendingRate) * span
        // The scrape body after a gap may have hidden a worker that was missing, or may have been old: what comes next
        // shows.
        let isReturn = gaps.isAfterGap && rate > 0 && size > Self.gapFactor * expected + CountingBase.smallCount
        let isJump = size > Self.smallJump && size > Self.jumpFactor * expected
        return isJump || isReturn ? .jumpNotCounted : nil
    }

    private func isYoung(_ base: CountingBase) -> Bool {
        base.process == .unknown && !base.hasSameCreated && base.hasEarlierScrape && young.isYoung
    }

    private func doubtAboutYoung(_ sums: ReadingSums, _ span: Double) -> ReadingNote? {
        let held = pending.flatMap { $0.isWholeScrape && isConfirmed($0, by: sums, span) ? $0 : nil }
        // Processes may answer in the order of their counts, so one scrape confirms another only when their rates agree.
        if let held, held.wholeScrapes == 1, held.sums.size > Self.smallJump || !held.agrees(with: sums, span) {
            return .jumpNotCounted
        }
        let isSurprised = young.isSurprised(by: sums, held: held?.countsOfAll, rate: rate, spanSeconds: span)
        return isSurprised ? .jumpNotCounted : nil
    }

    private mutating func hold(
        _ result: inout Judgement, _ sums: ReadingSums, _ base: CountingBase, _ time: Time, _ note: ReadingNote
    ) {
        var held = Pending(sums: sums, seconds: time.covered, spanSeconds: time.span, wholeScrapes: 1, note: note)
        held.isYoung = isYoung(base)
        let isFirst = base.beganAtZero || isPlausible(base, beside: sums, time.span)
        if isFirst { held.sums.absorb(base.doubtful) } else { held.doubtful = base.doubtful }
        if let earlier = pending, earlier.isWholeScrape {
            if isConfirmed(earlier, by: sums, time.span) {
                held.sums.absorb(earlier.sums)
                held.seconds += earlier.seconds
                held.spanSeconds += earlier.spanSeconds
                held.wholeScrapes += earlier.wholeScrapes
            } else {
                result.notes.append(earlier.note)
            }
        }
        pending = held
    }

    /// What was held back before: this scrape body's rate decides.
    private mutating func settle(_ result: inout Judgement, _ base: CountingBase, _ time: Time) {
        guard let held = pending, let sums = result.sums else { return }
        pending = nil
        let doubtIsConfirmed = held.doubtful.map {
            isDoubtConfirmed($0, held, byFollowed: base.followed.size / time.span, byAll: sums.size / time.span)
        }
        let scrapeIsConfirmed = !held.isWholeScrape || isConfirmed(held, by: sums, time.span)
        // The seconds of a scrape body that is not reported are not covered.
        guard scrapeIsConfirmed, doubtIsConfirmed ?? true else { return result.notes.append(held.note) }
        result.sums?.absorb(held.sums)
        young.confirm(errors: held.sums.errors + (held.doubtful?.errors ?? 0), spanSeconds: held.spanSeconds)
        if let doubtful = held.doubtful {
            result.sums?.absorb(doubtful)
            // Two scrapes agree, so it is the rate, whatever the rate was before.
            let later = max(sums.size, base.followed.size)
            let agreed = min((held.sums.size + doubtful.size) / held.spanSeconds, later / time.span)
            rate = max(rate, agreed)
        }
        result.coveredSeconds = time.covered + held.seconds
    }

    /// Whether what a scrape shows makes a scrape body that was held back before it plausible. Its counts may have come
    /// about since the values had changed before.
    private func isConfirmed(_ held: Pending, by later: ReadingSums, _ span: Double) -> Bool {
        guard held.isYoung else {
            let smallCount = held.isWholeScrape ? CountingBase.smallCount : 0
            return held.sums.size <= Self.plausibleFactor * later.size / span * held.spanSeconds + smallCount
        }
        // A process that shows the same counts for so long is the one that answered before.
        if later.size == 0 { return held.sums.size <= Self.smallJump }
        return held.counts.isPlausible(before: later, spanSeconds: span)
    }

    /// What some series brought is reported with the time since the last scrape body: without traffic before, all of it
    /// would fall into that time. Nor may the body with it have far more than the one after it.
    ///
    /// - Parameters:
    ///   - followed: events per second of those series in the body after it.
    ///   - all: events per second of the whole body after it.
    private func isDoubtConfirmed(
        _ doubtful: ReadingSums, _ held: Pending, byFollowed followed: Double, byAll all: Double
    ) -> Bool {
        let whole = held.sums.size + doubtful.size
        return doubtful.size <= Self.plausibleFactor * followed * held.seconds
            && whole <= Self.plausibleFactor * max(followed, all) * held.seconds + CountingBase.smallCount
    }

    // MARK: some series

    /// The scrape body, because of some of its series. What was settled before it is reported, but for what lies before
    /// a gap in the scrapes: that is too old to be reported alone.
    private mutating func holdBack(_ result: inout Judgement, _ sums: ReadingSums, _ base: CountingBase, _ time: Time) {
        var held = Pending(
            sums: sums, doubtful: base.doubtful, seconds: time.covered, spanSeconds: time.span,
            note: .lateSeriesNotCounted
        )
        defer { pending = held }
        if gaps.isGap, let all = result.sums, let seconds = result.coveredSeconds, seconds > time.covered {
            (held.sums, held.seconds, held.spanSeconds) = (all, seconds, held.spanSeconds + seconds - time.covered)
            (result.sums, result.coveredSeconds) = (nil, nil)
            return
        }
        guard let reported = result.coveredSeconds, reported > time.covered else {
            (result.sums, result.coveredSeconds) = (nil, nil)
            return
        }
        // What was settled came together with this scrape body's counts, which are held back now.
        result.sums?.remove(sums)
        result.coveredSeconds = reported - time.covered
    }

    /// Whether the scrape body's doubtful counts fit its proven ones: with them the target has had no more events than
    /// its rate makes of the time. Errors that are counted beside the requests fit any rate, so only a few of them do.
    private func isPlausible(_ base: CountingBase, beside sums: ReadingSums, _ span: Double) -> Bool {
        let doubtful = base.doubtful
        if sums.hasMoreErrors(with: doubtful) { return false }
        if doubtful.size <= Self.fewEvents { return true }
        if doubtful.size / span <= 2 * min(doubts.0, doubts.1) { return true }
        guard !doubtful.hasErrorsBesideRequests else { return false }
        let expected = max(rate * span, sums.events)
        return sums.events + doubtful.events <= 1.1 * expected + 2 * expected.squareRoot() + Self.fewEvents
    }

    /// So many events of new series count whatever else comes: a service with a request per minute has first errors too.
    private static let fewEvents = 3.0
    /// A held count is at most so many times what the next scrape body's rate makes of the same time.
    private static let plausibleFactor = 3.0
    /// A scrape body with more than so many times the rate seen before is confirmed by the next one before it is
    /// reported.
    private static let jumpFactor = 5.0
    /// The same for the scrape body that follows the first one after a gap.
    private static let gapFactor = 2.0
    /// So many events in one scrape body are no jump.
    private static let smallJump = 100.0
}

/// What the judge has to know of a scrape body besides its counts.
struct JudgedScrape {
    /// `process_start_time_seconds`, where it can be trusted.
    let processStart: Double?
    let scrape: UInt64
    /// A series of requests or errors that had moved in the scrape body before is not on this one.
    var missesMovingSeries = false
    /// The scrape body's own timestamps do not change, although they have been seen to advance.
    var isFrozen = false
    /// It is known to be of a scrape of its own, so that equal values are no repetition.
    var isOwnScrape = false
}

/// Scrape bodies whose counts wait for the next complete one.
private struct OpenScrapes {
    var seconds = 0.0
    private var sums: ReadingSums?

    /// - Returns: whether the scrape body waits; false when it has been incomplete for too long, so that the series is
    ///   gone.
    mutating func missing(_ more: ReadingSums, _ sinceScrape: Double) -> Bool {
        guard seconds + sinceScrape <= RepeatedScrapes.usualSeconds else { return false }
        seconds += sinceScrape
        if sums == nil { sums = more } else { sums?.absorb(more) }
        return true
    }

    mutating func take() -> ReadingSums? {
        defer { self = OpenScrapes() }
        return sums
    }
}

/// Knows when scrapes have failed, or came late, before the scrape body that was read last.
private struct ScrapeGaps {
    /// The shortest time between two scrape bodies lately, seconds; infinite before the second body.
    private var usualSeconds = Double.infinity
    /// The scrape body before came after a gap: what it did not show may be on this one.
    private(set) var isAfterGap = false
    /// This scrape body comes after a gap.
    private(set) var isGap = false

    mutating func began(afterSeconds seconds: Double) { isGap = seconds > 1.5 * usualSeconds }

    mutating func ended(afterSeconds seconds: Double) {
        isAfterGap = isGap
        usualSeconds = min(seconds, 1.2 * usualSeconds)
    }
}

/// For how long a target's scrape bodies repeat their values while it has traffic.
private struct RepeatedScrapes {
    /// Exporters and caches that render a body only now and then mostly do so this often.
    static let usualSeconds = 15.0
    /// And at least this often.
    static let mostSeconds = 60.0
    /// The first pause was seen from its middle on.
    private var changes = 0
    private var longest = 0.0

    mutating func change(afterSeconds seconds: Double) {
        changes = min(changes + 1, Self.knownChanges)
        longest = max(longest, min(seconds, Self.mostSeconds))
    }

    /// A target that has not been seen to change twice may repeat its scrape bodies for some scrapes.
    func longestSeconds(scrapeSeconds: Double) -> Double {
        changes < Self.knownChanges ? max(longest, min(Self.usualSeconds, 10 * scrapeSeconds)) : longest
    }

    private static let knownChanges = 2
}
