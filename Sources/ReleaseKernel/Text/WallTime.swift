/// Times for people and for other programs.
public enum WallTime {
    /// RFC 3339 in UTC with milliseconds: `2026-11-23T20:00:00.123Z`. Years before 0 and after 9999 are cut off there.
    ///
    /// - Parameter ms: milliseconds since the Unix epoch.
    public static func rfc3339(_ ms: Int64) -> String {
        let ms = min(max(ms, -62_167_219_200_000), 253_402_300_799_999)
        let days = floorDivided(ms, 86_400_000)
        let ofDay = ms - days * 86_400_000
        let (year, month, day) = civil(days)
        let date = "\(padded(year, 4))-\(padded(month, 2))-\(padded(day, 2))"
        let clock = "\(padded(ofDay / 3_600_000, 2)):\(padded(ofDay / 60_000 % 60, 2)):\(padded(ofDay / 1_000 % 60, 2))"
        return "\(date)T\(clock).\(padded(ofDay % 1_000, 3))Z"
    }

    /// Days since the epoch as a date of the Gregorian calendar: years begin in March, so that the leap day is the last
    /// one, and 400 years have 146 097 days.
    private static func civil(_ days: Int64) -> (year: Int64, month: Int64, day: Int64) {
        let shifted = days + 719_468
        let era = floorDivided(shifted, 146_097)
        let ofEra = shifted - era * 146_097
        let yearOfEra = (ofEra - ofEra / 1_460 + ofEra / 36_524 - ofEra / 146_096) / 365
        let ofYear = ofEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let fromMarch = (5 * ofYear + 2) / 153
        let day = ofYear - (153 * fromMarch + 2) / 5 + 1
        let month = fromMarch < 10 ? fromMarch + 3 : fromMarch - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day)
    }

    private static func floorDivided(_ value: Int64, _ divisor: Int64) -> Int64 {
        let quotient = value / divisor
        return value % divisor < 0 ? quotient - 1 : quotient
    }

    private static func padded(_ number: Int64, _ width: Int) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, width - digits.utf8.count)) + digits
    }
}
