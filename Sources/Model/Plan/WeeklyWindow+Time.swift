/// When a window is open, by the wall clock. Times are milliseconds since the Unix epoch.
extension WeeklyWindow {
    private static let dayMs: Int64 = 86_400_000

    /// `[from, to)` in the window's own zone.
    public func contains(_ wallMs: Int64) -> Bool {
        let local = wallMs + Int64(offsetSeconds(atWallMs: wallMs)) * 1_000
        let day = WeeklyWindow.day(ofLocalMs: local)
        let minute = Int((local - day * WeeklyWindow.dayMs) / 60_000)
        return days.contains(WeeklyWindow.weekday(day)) && minute >= fromMinute && minute < toMinute
    }

    /// When the window begins so many local days after that time; nil when it does not on that day.
    public func start(daysAfter count: Int, wallMs: Int64) -> Int64? {
        let local = wallMs + Int64(offsetSeconds(atWallMs: wallMs)) * 1_000
        let day = WeeklyWindow.day(ofLocalMs: local) + Int64(count)
        guard days.contains(WeeklyWindow.weekday(day)) else { return nil }
        let start = day * WeeklyWindow.dayMs + Int64(fromMinute) * 60_000
        // The zone's offset at about that time.
        return start - Int64(offsetSeconds(atWallMs: start)) * 1_000
    }

    private static func day(ofLocalMs local: Int64) -> Int64 {
        Int64((Double(local) / Double(dayMs)).rounded(.down))
    }

    /// 1970-01-01 was a Thursday.
    private static func weekday(_ day: Int64) -> Int { Int(((day + 3) % 7 + 7) % 7) + 1 }

    private func offsetSeconds(atWallMs wallMs: Int64) -> Int {
        (offsets.last { $0.fromWallMs <= wallMs } ?? offsets.first)?.seconds ?? 0
    }
}
