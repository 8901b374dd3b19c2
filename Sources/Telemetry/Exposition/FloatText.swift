/// Reads numbers as Go's `strconv.ParseFloat` does, minus what Prometheus refuses (hexadecimal, underscores).
enum FloatText {
    /// - Returns: nil for anything else, also for a number too large for a double (1e400). Too small is 0.
    static func parse(_ body: Span<UInt8>, _ range: Range<Int>) -> Double? {
        var index = range.lowerBound
        guard index < range.upperBound else { return nil }
        let isNegative = body[index] == Byte.minus
        if isNegative || body[index] == Byte.plus { index += 1 }
        guard index < range.upperBound else { return nil }
        guard Byte.isDigit(body[index]) || body[index] == Byte.dot else {
            return word(body, index..<range.upperBound, hasSign: index > range.lowerBound, isNegative: isNegative)
        }
        guard let digits = Digits(body, index..<range.upperBound) else { return nil }
        guard let magnitude = digits.exactly ?? slow(body, index..<range.upperBound) else { return nil }
        return isNegative ? -magnitude : magnitude
    }

    /// `inf`, `infinity` with an optional sign, `nan` without one, in any case.
    private static func word(_ body: Span<UInt8>, _ range: Range<Int>, hasSign: Bool, isNegative: Bool) -> Double? {
        guard range.count == 3 || range.count == 8 else { return nil }
        var letters: UInt64 = 0
        for index in range { letters = letters << 8 | UInt64(body[index] | 0x20) }
        switch letters {
        case 0x69_6E_66, 0x69_6E_66_69_6E_69_74_79: return isNegative ? -.infinity : .infinity
        case 0x6E_61_6E: return hasSign ? nil : .nan
        default: return nil
        }
    }

    private static func slow(_ body: Span<UInt8>, _ range: Range<Int>) -> Double? {
        let text = body.extracting(range).withUnsafeBufferPointer { String(decoding: $0, as: UTF8.self) }
        // Swift wants a digit on both sides of the point.
        let value = Double(text) ?? Double("0" + text) ?? Double(text.replacingPoint())
        guard let value, value.isFinite else { return nil }
        return value
    }
}

extension String {
    /// `5.` and `5.e3` as Swift reads them: `5.0` and `5.0e3`.
    fileprivate func replacingPoint() -> String {
        guard let point = firstIndex(of: ".") else { return self }
        return self[..<point] + ".0" + self[index(after: point)...]
    }
}

/// The parts of an unsigned decimal number.
private struct Digits {
    private var mantissa: UInt64 = 0
    /// Digits that did not fit into the mantissa make it inexact.
    private var isTruncated = false
    private var exponent = 0

    /// Nil when it is not a number.
    init?(_ body: Span<UInt8>, _ range: Range<Int>) {
        var index = range.lowerBound
        let whole = take(body, &index, range.upperBound)
        var fraction = 0
        if index < range.upperBound, body[index] == Byte.dot {
            index += 1
            fraction = take(body, &index, range.upperBound)
            exponent -= fraction
        }
        guard whole + fraction > 0 else { return nil }
        guard index < range.upperBound else { return }
        guard body[index] | 0x20 == 0x65, takeExponent(body, index + 1, range.upperBound) else { return nil }
    }

    /// The value where it can be had without rounding twice: by double arithmetic (Clinger's fast path), or, for the
    /// sixteen and more digits that sums of seconds have, by whole numbers.
    var exactly: Double? {
        guard !isTruncated else { return nil }
        if exponent == 0 { return Double(mantissa) }
        guard mantissa <= 1 << 53, exponent >= -22, exponent <= 22 else { return byWholeNumbers }
        let power = Digits.powers[abs(exponent)]
        return exponent < 0 ? Double(mantissa) / power : Double(mantissa) * power
    }

    /// A fraction m / 10^n of whole numbers, as 55 or more bits of quotient with a last one that means all that
    /// follow. Converting that rounds once, half to even, as if all bits were there.
    private var byWholeNumbers: Double? {
        guard mantissa > 0, exponent < 0, exponent >= -19 else { return nil }
        let divisor = Digits.wholePowers[-exponent]
        // The quotient has at least 127 - 64 bits; the scale is a power of two, so dividing by it is exact.
        let shift = 63 + mantissa.leadingZeroBitCount
        let (quotient, rest) = (UInt128(mantissa) << UInt128(shift)).quotientAndRemainder(dividingBy: UInt128(divisor))
        let dropped = max(0, 128 - quotient.leadingZeroBitCount - 62)
        let kept = UInt64(truncatingIfNeeded: quotient >> UInt128(dropped))
        let isInexact = rest != 0 || quotient & ((1 << UInt128(dropped)) - 1) != 0
        return Double(kept | (isInexact ? 1 : 0)) * Double(sign: .plus, exponent: dropped - shift, significand: 1)
    }

    private static let wholePowers: [UInt64] = (0...19).map { power in
        (0..<power).reduce(1) { product, _ in product * 10 }
    }

    private static let powers: [Double] = [
        1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19,
        1e20, 1e21, 1e22,
    ]

    private mutating func take(_ body: Span<UInt8>, _ index: inout Int, _ end: Int) -> Int {
        let start = index
        while index < end, Byte.isDigit(body[index]) {
            if mantissa < 100_000_000_000_000_000 {
                mantissa = mantissa * 10 + UInt64(body[index] &- 0x30)
            } else {
                isTruncated = true
            }
            index += 1
        }
        return index - start
    }

    private mutating func takeExponent(_ body: Span<UInt8>, _ start: Int, _ end: Int) -> Bool {
        var index = start
        guard index < end else { return false }
        let isNegative = body[index] == Byte.minus
        if isNegative || body[index] == Byte.plus { index += 1 }
        guard index < end else { return false }
        var written = 0
        while index < end {
            guard Byte.isDigit(body[index]) else { return false }
            // Beyond any double; the slow way says what it is.
            written = min(100_000, written * 10 + Int(body[index] &- 0x30))
            index += 1
        }
        exponent += isNegative ? -written : written
        return true
    }
}
