/// Percentages as people write them.
package enum Percentage {
    /// `10%` or `0.1 %`; nil for anything else. The sign is needed, as in rule files: `10` could mean 10 % or ten times.
    package static func share(_ text: String) -> Double? {
        guard text.hasSuffix("%") else { return nil }
        let digits = text.dropLast()
        let trimmed = digits.last == " " ? digits.dropLast() : digits
        guard !trimmed.isEmpty, trimmed.utf8.allSatisfy({ (48...57).contains($0) || $0 == 46 }) else { return nil }
        guard let number = Double(trimmed), number.isFinite else { return nil }
        return number / 100
    }
}
