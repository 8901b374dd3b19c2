/// What a target's scrape bodies have in common as long as nothing but numbers changes on them: the text between the
/// values, and which values the rules need.
///
/// A body of the same layout need not be read token by token: its text is compared, its numbers are read. The layout is
/// made of a body that was read token by token and accepted, so an equal text is accepted too, with the same series in
/// the same order. It has no values in it, is never changed, and can be shared by all targets whose bodies look alike.
public final class ExpositionLayout: Sendable {
    /// The scrape body with a `0` for each value, so it can itself be read as a body.
    let text: [UInt8]
    /// For each value how many bytes of `text` are between it and the value before it, times two; plus one when a
    /// rule needs it.
    let gaps: [UInt32]
    let cells: LayoutCells
    let format: ExpositionFormat
    /// What the scrape body was read for; with another watch list the same body has other cells.
    let watch: WatchList
    let limits: ScrapeLimits
    /// Equal layouts have equal ones; the same in every process.
    public let fingerprint: UInt64

    /// Nil when the scrape body cannot have a layout.
    ///
    /// - Parameters:
    ///   - sketch: of the whole body.
    ///   - roles: of the watched series, in the body's order.
    init?(
        _ body: Span<UInt8>, _ sketch: LayoutSketch, roles: [SeriesRoles], format: ExpositionFormat, watch: WatchList,
        limits: ScrapeLimits
    ) {
        guard sketch.isPlain, !sketch.spots.isEmpty, let cells = LayoutCells(roles) else { return nil }
        var text: [UInt8] = []
        var gaps: [UInt32] = []
        text.reserveCapacity(body.count)
        gaps.reserveCapacity(sketch.spots.count)
        var place = 0
        for spot in sketch.spots {
            let gap = place..<Int(spot.start)
            guard Self.isApart(body, spot) else { return nil }
            text.append(body, gap)
            text.append(UInt8(ascii: "0"))
            gaps.append(UInt32(gap.count) << 1 | (spot.isWatched ? 1 : 0))
            place = Int(spot.end)
        }
        text.append(body, place..<body.count)
        // Arrays that grew have room to spare, and a layout is kept.
        self.text = Array(text[...])
        self.gaps = gaps
        self.cells = cells
        self.format = format
        self.watch = watch
        self.limits = limits
        fingerprint = ExpositionLayout.fingerprint(text, gaps)
    }

    /// Does the value begin where it begins whatever it is? The text format takes `name-3`, and there a `3` would be
    /// part of the name.
    private static func isApart(_ body: Span<UInt8>, _ spot: LayoutSketch.Spot) -> Bool {
        guard spot.start > 0 else { return false }
        let before = body[Int(spot.start) - 1]
        return before == Byte.space || before == Byte.tab || before == Byte.close
    }

    /// The series of a watched value, canonical.
    func seriesText(ofCell cell: Int) -> String {
        var (end, watched) = (0, -1)
        for gap in gaps {
            end += Int(gap >> 1)
            if gap & 1 == 1 { watched += 1 }
            if watched == cell { break }
            end += 1
        }
        let start = text[..<end].lastIndex(of: Byte.newline).map { $0 + 1 } ?? 0
        let line = text[start..<end] + (format == .openMetrics ? "0\n# EOF\n" : "0\n").utf8
        return (try? Exposition.samples(in: Array(line), format: format))?.first?.seriesText ?? ""
    }

    /// Memory that it takes, about.
    public var byteCount: Int { text.count + gaps.count * 4 + cells.count * 8 + 512 }

    /// Was it made for these wishes?
    func fits(_ format: ExpositionFormat, _ watch: WatchList, _ limits: ScrapeLimits) -> Bool {
        self.format == format && self.limits == limits && self.watch == watch
    }

    /// Does one do for the other?
    public func isEqual(to other: ExpositionLayout) -> Bool {
        fingerprint == other.fingerprint && fits(other.format, other.watch, other.limits) && gaps == other.gaps
            && text == other.text
    }

    private static func fingerprint(_ text: [UInt8], _ gaps: [UInt32]) -> UInt64 {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325 ^ UInt64(gaps.count)
        let bytes = text.span.bytes
        var index = 0
        while index + 8 <= bytes.byteCount {
            hash = (hash ^ bytes.unsafeLoadUnaligned(fromByteOffset: index, as: UInt64.self)) &* 0x9E37_79B9_7F4A_7C15
            hash ^= hash >> 29
            index += 8
        }
        while index < bytes.byteCount {
            hash = (hash ^ UInt64(text[index])) &* 0x9E37_79B9_7F4A_7C15
            index += 1
        }
        for gap in gaps { hash = (hash ^ UInt64(gap)) &* 0x0000_0100_0000_01B3 }
        return hash ^ hash >> 32
    }
}

extension [UInt8] {
    fileprivate mutating func append(_ body: Span<UInt8>, _ range: Range<Int>) {
        body.extracting(range).withUnsafeBufferPointer { append(contentsOf: $0) }
    }
}

/// What the watched values of a layout mean, one cell per series, in the scrape body's order.
struct LayoutCells: Sendable {
    /// Meanings that are added up, as bits.
    enum Meaning {
        static let requests: UInt16 = 1
        static let errors: UInt16 = 2
        static let latencySum: UInt16 = 4
        static let latencyCount: UInt16 = 8
        static let bucket: UInt16 = 16
        static let quantile: UInt16 = 32
        static let startTime: UInt16 = 64
        static let created: UInt16 = 128
        static let signal: UInt16 = 256
        static let clock: UInt16 = 512
        static let cpu: UInt16 = 1_024
        static let noOutcome: UInt16 = 2_048
        static let presence: UInt16 = 4_096
    }

    struct Cell: Sendable {
        var meaning: UInt16 = 0
        /// Of a bucket or a quantile: its place among the rising bounds or quantiles.
        var slot: UInt16 = 0
    }

    let cells: [Cell]
    /// What each cell is to the signals; empty when no cell is anything to them.
    let signals: [[SignalRole]]
    /// Indices of the cells that are start times.
    let startTimes: [Int]
    /// Indices of the cells that are life signs.
    let lifeSigns: [Int]
    /// Indices of the cells that count requests or errors.
    let events: [Int]
    /// Distinct and rising.
    let bounds: [Double]
    /// Distinct and rising.
    let quantiles: [Double]
    let matches: TargetReading.Matches
    let hasLatencyCount: Bool
    /// Is there anything but start times and gauges?
    let hasCounters: Bool

    var count: Int { cells.count }

    /// Nil for bounds that are equal and yet not the same (0 and -0): which of them is shown depends in the scrape
    /// body.
    init?(_ roles: [SeriesRoles]) {
        guard let bounds = Self.rising(roles.compactMap(\.bucketBound).filter { !$0.isNaN }),
            let quantiles = Self.rising(roles.compactMap(\.quantile))
        else { return nil }
        self.bounds = bounds
        self.quantiles = quantiles
        cells = roles.map { Self.cell($0, bounds: bounds, quantiles: quantiles) }
        signals = roles.contains { !$0.signals.isEmpty } ? roles.map(\.signals) : []
        startTimes = roles.indices.filter { roles[$0].isStartTime }
        lifeSigns = roles.indices.filter { roles[$0].lifeSign != nil }
        events = roles.indices.filter { roles[$0].isRequests || roles[$0].isErrors }
        matches = TargetReading.Matches(
            requests: roles.count(where: \.isRequests), errors: roles.count(where: \.isErrors),
            latency: roles.count(where: \.isLatency), withoutOutcome: roles.count(where: \.lacksOutcome),
            presence: roles.count(where: \.isPresence))
        hasLatencyCount = roles.contains(where: \.isLatencyCount)
        hasCounters = roles.contains(where: \.isCountedFrom)
    }

    private static func rising(_ numbers: [Double]) -> [Double]? {
        guard !numbers.contains(where: { $0 == 0 && $0.sign == .minus }) else { return nil }
        return Set(numbers).sorted()
    }

    private static func cell(_ roles: SeriesRoles, bounds: [Double], quantiles: [Double]) -> Cell {
        var cell = Cell()
        if roles.isRequests { cell.meaning |= Meaning.requests }
        if roles.lacksOutcome { cell.meaning |= Meaning.noOutcome }
        if roles.isErrors { cell.meaning |= Meaning.errors }
        if roles.isLatencySum { cell.meaning |= Meaning.latencySum }
        if roles.isLatencyCount { cell.meaning |= Meaning.latencyCount }
        if roles.isStartTime { cell.meaning |= Meaning.startTime }
        if roles.isCreated { cell.meaning |= Meaning.created }
        if !roles.signals.isEmpty { cell.meaning |= Meaning.signal }
        if roles.isPresence { cell.meaning |= Meaning.presence }
        if let sign = roles.lifeSign { cell.meaning |= sign == .clock ? Meaning.clock : Meaning.cpu }
        if let bound = roles.bucketBound, let slot = bounds.firstIndex(of: bound) {
            cell.meaning |= Meaning.bucket
            cell.slot = UInt16(truncatingIfNeeded: slot)
        }
        if let quantile = roles.quantile, let slot = quantiles.firstIndex(of: quantile) {
            cell.meaning |= Meaning.quantile
            cell.slot = UInt16(truncatingIfNeeded: slot)
        }
        return cell
    }

    /// What the cell's series means.
    func roles(_ index: Int) -> SeriesRoles {
        let cell = cells[index]
        func has(_ bit: UInt16) -> Bool { cell.meaning & bit != 0 }
        return SeriesRoles(
            isRequests: has(Meaning.requests), lacksOutcome: has(Meaning.noOutcome), isErrors: has(Meaning.errors),
            isLatencySum: has(Meaning.latencySum), isLatencyCount: has(Meaning.latencyCount),
            bucketBound: has(Meaning.bucket) ? bounds[Int(cell.slot)] : nil,
            quantile: has(Meaning.quantile) ? quantiles[Int(cell.slot)] : nil, isStartTime: has(Meaning.startTime),
            isCreated: has(Meaning.created),
            lifeSign: has(Meaning.clock) ? .clock : has(Meaning.cpu) ? .cpu : nil,
            signals: has(Meaning.signal) ? signals[index] : [], isPresence: has(Meaning.presence))
    }
}
