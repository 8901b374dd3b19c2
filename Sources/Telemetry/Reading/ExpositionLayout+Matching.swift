extension ExpositionLayout {
    /// Reads the watched values of a scrape body of this layout.
    ///
    /// - Returns: false when the body is of another layout, or has a value that is no number; then `values` says
    ///   nothing.
    func readValues(of body: Span<UInt8>, into values: inout [Double]) -> Bool {
        guard body.count <= ExpositionScanner.bodyLimitBytes else { return false }
        if values.count < cells.count { values += repeatElement(0, count: cells.count - values.count) }
        var column = values.mutableSpan
        let bytes = body.bytes
        // A span of a property would end with the access.
        let text = text
        let textSpan = text.span
        let own = textSpan.bytes
        let isText = format == .prometheusText
        var (cell, place, ownPlace) = (0, 0, 0)
        for gap in gaps {
            let length = Int(gap >> 1)
            guard length <= bytes.byteCount &- place, Bytes.areEqual(bytes, place, own, ownPlace, length) else {
                return false
            }
            place &+= length
            ownPlace &+= length &+ 1
            let isWatched = gap & 1 == 1
            guard let value = LayoutNumber.read(body, &place, isText: isText, isWatched: isWatched) else {
                return false
            }
            guard isWatched else { continue }
            column[cell] = value
            cell &+= 1
        }
        let rest = bytes.byteCount - place
        return rest == own.byteCount - ownPlace && Bytes.areEqual(bytes, place, own, ownPlace, rest)
    }
}

/// A value between two gaps. What the scanner takes for a number is one here, and nothing else.
enum LayoutNumber {
    /// More digits than these may be no exact double, and 10 to the power of them no exact one either.
    private static let exactDigits = 15
    /// Far below the largest double, which has 309.
    private static let safeDigits = 40

    /// - Parameters:
    ///   - place: moves behind the value.
    ///   - isWatched: false asks only whether it is a number.
    /// - Returns: nil when it is none.
    @inline(__always)
    static func read(_ body: Span<UInt8>, _ place: inout Int, isText: Bool, isWatched: Bool) -> Double? {
        let start = place
        var mantissa: UInt64 = 0
        var index = digits(body, from: start, &mantissa)
        let whole = index &- start
        guard index < body.count, body[unchecked: index] != Byte.newline else {
            place = index
            if whole > 0, whole <= exactDigits { return Double(mantissa) }
            return long(body, start..<index, isWatched: isWatched)
        }
        if body[unchecked: index] == Byte.dot, whole > 0 {
            let point = index
            index = digits(body, from: point &+ 1, &mantissa)
            let fraction = index &- point &- 1
            if index < body.count, body[unchecked: index] == Byte.newline, fraction > 0 {
                place = index
                if !isWatched, whole &+ fraction <= safeDigits { return 0 }
                if whole &+ fraction <= exactDigits { return Double(mantissa) / powers[fraction] }
            }
        }
        return odd(body, start, &place, isText: isText)
    }

    @inline(__always)
    private static func digits(_ body: Span<UInt8>, from start: Int, _ mantissa: inout UInt64) -> Int {
        var index = start
        while index < body.count {
            let digit = body[unchecked: index] &- 0x30
            guard digit < 10 else { break }
            // Too many digits spoil it; then it is not used.
            mantissa = mantissa &* 10 &+ UInt64(digit)
            index &+= 1
        }
        return index
    }

    private static let powers: InlineArray<16, Double> = [
        1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
    ]

    /// Only digits, and many of them; or none.
    private static func long(_ body: Span<UInt8>, _ range: Range<Int>, isWatched: Bool) -> Double? {
        if !isWatched, !range.isEmpty, range.count <= safeDigits { return 0 }
        return FloatText.parse(body, range)
    }

    /// Anything else: signs, exponents, names, blanks behind the value.
    private static func odd(_ body: Span<UInt8>, _ start: Int, _ place: inout Int, isText: Bool) -> Double? {
        place = ExpositionScanner.endOfToken(body, from: start, isText: isText)
        return FloatText.parse(body, start..<place)
    }
}

enum Bytes {
    /// Are `count` bytes at both places the same? Both places have as many.
    @inline(__always)
    static func areEqual(_ one: RawSpan, _ start: Int, _ other: RawSpan, _ otherStart: Int, _ count: Int) -> Bool {
        guard start >= 0, otherStart >= 0, count >= 0, count <= one.byteCount &- start,
            count <= other.byteCount &- otherStart
        else { return false }
        var offset = 0
        while offset &+ 32 <= count {
            let difference =
                difference(one, start &+ offset, other, otherStart &+ offset)
                | difference(one, start &+ offset &+ 8, other, otherStart &+ offset &+ 8)
                | difference(one, start &+ offset &+ 16, other, otherStart &+ offset &+ 16)
                | difference(one, start &+ offset &+ 24, other, otherStart &+ offset &+ 24)
            if difference != 0 { return false }
            offset &+= 32
        }
        while offset &+ 8 <= count {
            if difference(one, start &+ offset, other, otherStart &+ offset) != 0 { return false }
            offset &+= 8
        }
        // The last eight bytes once more, rather than up to seven single ones.
        if count >= 8 { return difference(one, start &+ count &- 8, other, otherStart &+ count &- 8) == 0 }
        while offset < count {
            let left = one.unsafeLoad(fromUncheckedByteOffset: start &+ offset, as: UInt8.self)
            let right = other.unsafeLoad(fromUncheckedByteOffset: otherStart &+ offset, as: UInt8.self)
            if left != right { return false }
            offset &+= 1
        }
        return true
    }

    /// Of the eight bytes at both places. The caller has checked the bounds.
    @inline(__always)
    private static func difference(_ one: RawSpan, _ start: Int, _ other: RawSpan, _ otherStart: Int) -> UInt64 {
        one.unsafeLoadUnaligned(fromUncheckedByteOffset: start, as: UInt64.self)
            ^ other.unsafeLoadUnaligned(fromUncheckedByteOffset: otherStart, as: UInt64.self)
    }
}
