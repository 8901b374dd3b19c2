/// Dates and times of day as configurations write them.
enum LocalTime {
    /// Minutes after midnight of `9:30`, `09:30` or `24:00`; nil for anything else.
    static func minute(_ text: String) -> Int? {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2, (1...2).contains(parts[0].utf8.count), parts[1].utf8.count == 2,
            let hour = number(parts[0]), let minute = number(parts[1]), minute < 60
        else { return nil }
        let total = hour * 60 + minute
        return total <= 1_440 ? total : nil
    }

    /// A point in time, or a date and a time in a zone that is named elsewhere.
    struct Instant: Equatable {
        /// As if the time were UTC.
        var localMs: Int64
        /// Seconds that are added to UTC; nil when the text has no zone.
        var offsetSeconds: Int?
    }

    /// Reads `2026-12-24`, `2026-12-24T18:00` or `2026-12-24 18:00`, each time also with `:00` seconds and with `Z` or an
    /// offset such as `+01:00` behind it. Nil for anything else.
    static func instant(_ text: String) -> Instant? {
        guard let day = day(text.prefix(10)) else { return nil }
        var rest = text.dropFirst(10)
        guard let separator = rest.first else { return Instant(localMs: day * 86_400_000) }
        guard separator == "T" || separator == " " else { return nil }
        rest = rest.dropFirst()
        guard let minute = minute(String(rest.prefix(5))), minute < 1_440 else { return nil }
        rest = rest.dropFirst(5)
        if rest.hasPrefix(":00") { rest = rest.dropFirst(3) }
        let local = day * 86_400_000 + Int64(minute) * 60_000
        if rest.isEmpty { return Instant(localMs: local) }
        return offset(rest).map { Instant(localMs: local, offsetSeconds: $0) }
    }

    /// `Z`, `+01:00`
    private static func offset(_ text: Substring) -> Int? {
        if text == "Z" { return 0 }
        guard let sign = text.first, sign == "+" || sign == "-", text.utf8.count == 6,
            let minutes = minute(String(text.dropFirst())), minutes <= 840
        else { return nil }
        return (sign == "+" ? 60 : -60) * minutes
    }

    /// Days since 1970-01-01 of `2026-12-24`, in the years 1970 to 2199.
    private static func day(_ text: Substring) -> Int64? {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 3, parts.map(\.utf8.count) == [4, 2, 2], let year = number(parts[0]),
            let month = number(parts[1]), let day = number(parts[2]), (1970...2199).contains(year),
            (1...12).contains(month), (1...length(month, of: year)).contains(day)
        else { return nil }
        return days(before: year) + (1..<month).reduce(0) { $0 + Int64(length($1, of: year)) } + Int64(day - 1)
    }

    /// Days from 1970-01-01 to the year's first day.
    static func days(before year: Int) -> Int64 {
        func leaps(_ year: Int) -> Int { year / 4 - year / 100 + year / 400 }
        return Int64(365 * (year - 1_970) + leaps(year - 1) - leaps(1_969))
    }

    /// The year of a day since 1970-01-01, from 1970 on.
    static func year(ofDay day: Int64) -> Int {
        var year = 1_970 + Int(day / 366)
        while days(before: year + 1) <= day { year += 1 }
        return year
    }

    /// `2026-12-24T18:00Z`
    static func text(wallMs: Int64) -> String {
        let day = wallMs / 86_400_000
        let year = year(ofDay: day)
        var (month, rest) = (1, Int(day - days(before: year)))
        while rest >= length(month, of: year) {
            rest -= length(month, of: year)
            month += 1
        }
        let minute = Int(wallMs % 86_400_000 / 60_000)
        return "\(year)-\(padded(month))-\(padded(rest + 1))T\(padded(minute / 60)):\(padded(minute % 60))Z"
    }

    private static func length(_ month: Int, of year: Int) -> Int {
        let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
        return [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1]
    }

    private static func number(_ text: Substring) -> Int? {
        text.utf8.allSatisfy { (48...57).contains($0) } ? Int(text) : nil
    }

    static func padded(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
}
