/// Why a duration cannot be read.
package struct AmountError: Error {
    package let reason: String
}

/// Numbers with units, as configurations write them.
package enum Amounts {
    /// Ten years; whatever is longer is an error, and sums of such durations do not overflow.
    package static let longestMs: Int64 = 3_650 * 86_400_000
    package static let positive: ClosedRange<Int64> = 1...longestMs
    package static let orZero: ClosedRange<Int64> = 0...longestMs

    private static let units: [(name: String, ms: Int64)] = [
        ("w", 604_800_000), ("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1),
    ]

    /// `1h30m`: whole numbers with units, the largest first, each unit once. `0` needs no unit.
    package static func durationMs(_ text: String) throws(AmountError) -> Int64 {
        if text == "0" { return 0 }
        var rest = Substring(text)
        var total: Int64 = 0
        var allowed = units[...]
        guard !rest.isEmpty else { throw AmountError(reason: "it is empty") }
        while !rest.isEmpty {
            let digits = rest.prefix { ("0"..."9").contains($0) }
            rest = rest.dropFirst(digits.count)
            let unit = rest.prefix { ("a"..."z").contains($0) }
            rest = rest.dropFirst(unit.count)
            guard !digits.isEmpty else { throw AmountError(reason: "a whole number is missing before the unit") }
            guard rest.first != "." else {
                throw AmountError(reason: "fractions are not allowed, write 1500ms for 1.5s")
            }
            guard !unit.isEmpty else {
                let joined = text.filter { $0 != " " }
                guard joined == text || (try? durationMs(joined)) == nil else {
                    throw AmountError(reason: "write \(joined), without a blank")
                }
                throw AmountError(reason: "a unit is missing: ms, s, m, h, d or w")
            }
            guard let index = allowed.firstIndex(where: { $0.name == unit }) else {
                let isKnown = units.contains { $0.name == unit }
                throw AmountError(
                    reason: isKnown ? "each unit is written once, the largest first" : "units are ms, s, m, h, d and w")
            }
            guard let count = Int64(digits), count <= longestMs / allowed[index].ms else {
                throw AmountError(reason: "it is longer than ten years")
            }
            total += count * allowed[index].ms
            allowed = allowed[(index + 1)...]
        }
        guard total <= longestMs else { throw AmountError(reason: "it is longer than ten years") }
        return total
    }

    /// Reads back as the same duration.
    package static func text(durationMs: Int64) -> String {
        guard durationMs > 0 else { return "0s" }
        var rest = durationMs
        var text = ""
        // Weeks are for reading only: 90d says more than 12w6d.
        for unit in units.dropFirst() where rest >= unit.ms {
            text += "\(rest / unit.ms)\(unit.name)"
            rest %= unit.ms
        }
        return text
    }

    /// A decimal number without sign and exponent.
    package static func number(_ text: String) -> Double? {
        let parts = text.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        guard text.utf8.count <= 40, parts.count <= 2 else { return nil }
        guard parts.allSatisfy({ !$0.isEmpty && $0.utf8.allSatisfy { (48...57).contains($0) } }) else { return nil }
        return Double(text)
    }

    /// Powers of ten for kB, MB, GB; of two for KiB, MiB, GiB.
    package static func sizeBytes(_ text: String) -> Int? {
        let units: [(String, Int)] = [
            ("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30), ("kB", 1_000), ("KB", 1_000), ("MB", 1_000_000),
            ("GB", 1_000_000_000), ("B", 1),
        ]
        let unit = units.first { text.hasSuffix($0.0) }
        let digits = text.dropLast(unit?.0.count ?? 0)
        guard (1...12).contains(digits.utf8.count), digits.utf8.allSatisfy({ (48...57).contains($0) }) else {
            return nil
        }
        guard let count = Int(digits) else { return nil }
        let (size, overflow) = count.multipliedReportingOverflow(by: unit?.1 ?? 1)
        return overflow ? nil : size
    }

    package static func text(sizeBytes: Int) -> String {
        let unit = [("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)].first {
            sizeBytes > 0 && sizeBytes % $0.1 == 0
        }
        return unit.map { "\(sizeBytes / $0.1)\($0.0)" } ?? "\(sizeBytes)"
    }
}
