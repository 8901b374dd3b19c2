import Model

/// When shares may be raised, by the wall clock. Times are milliseconds since the Unix epoch.
extension CalendarPlan {
    /// Whether a share may be raised at that time: any window allows, a blackout wins.
    func isOpen(atWallMs now: Int64) -> Bool {
        if blackouts.contains(where: { $0.fromWallMs <= now && now < $0.toWallMs }) { return false }
        return windows.isEmpty || windows.contains { $0.contains(now) && $0.contains(now + leadMs) }
    }

    /// The next time at which it is open; nil when that is not within a year. It opens where a window begins or a blackout ends.
    func opens(afterWallMs now: Int64) -> Int64? {
        if isOpen(atWallMs: now) { return now }
        let ends = blackouts.map(\.toWallMs)
        for day in 0...366 {
            let last = now + Int64(day + 1) * 86_400_000
            let edges = windows.compactMap { $0.start(daysAfter: day, wallMs: now) } + ends.filter { $0 <= last }
            let next = edges.filter { $0 > now && isOpen(atWallMs: $0) }.min()
            if let next { return next }
        }
        return nil
    }
}

extension WeeklyWindow {
    private static let dayMs: Int64 = 86_400_000

    /// `[from, to)` in the window's own zone.
    func contains(_ wallMs: Int64) -> Bool {
        let local = wallMs + Int64(offsetSeconds(atWallMs: wallMs)) * 1_000
        let day = WeeklyWindow.day(ofLocalMs: local)
        let minute = Int((local - day * WeeklyWindow.dayMs) / 60_000)
        return days.contains(WeeklyWindow.weekday(day)) && minute >= fromMinute && minute < toMinute
    }

    /// When the window begins so many local days after that time; nil when it does not on that day.
    func start(daysAfter count: Int, wallMs: Int64) -> Int64? {
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
