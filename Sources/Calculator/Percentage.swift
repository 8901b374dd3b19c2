/// Percentages as people write them.
public enum Percentage {
    /// `10%`, `0.1 %` or a plain share like `0.1`; nil for anything else.
    public static func share(_ text: String) -> Double? {
        let isPercent = text.hasSuffix("%")
        let digits = isPercent ? text.dropLast() : text[...]
        let trimmed = digits.last == " " ? digits.dropLast() : digits
        guard !trimmed.isEmpty, trimmed.utf8.allSatisfy({ (48...57).contains($0) || $0 == 46 }) else { return nil }
        guard let number = Double(trimmed), number.isFinite else { return nil }
        return isPercent ? number / 100 : number
    }
}
