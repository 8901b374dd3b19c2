import Model

/// When shares may be raised, by the wall clock. Times are milliseconds since the Unix epoch.
extension CalendarPlan {
    /// Whether a share may be raised at that time: any window allows, a blackout wins.
    func isOpen(atWallMs now: Int64) -> Bool {
        if blackouts.contains(where: { $0.fromWallMs <= now && now < $0.toWallMs }) { return false }
        return windows.isEmpty || windows.contains { $0.contains(now) && $0.contains(now + leadMs) }
    }

    /// The next time at which it is open; nil when that is not within a year.
    func opens(afterWallMs now: Int64) -> Int64? {
        let yearMs: Int64 = 366 * 86_400_000
        var next = now
        while next - now < yearMs {
            if isOpen(atWallMs: next) { return next }
            if let blackout = blackouts.first(where: { $0.fromWallMs <= next && next < $0.toWallMs }) {
                next = blackout.toWallMs
            } else {
                // Windows and blackouts begin at whole minutes.
                next = (next / 60_000 + 1) * 60_000
            }
        }
        return nil
    }
}

extension WeeklyWindow {
    private static let dayMs: Int64 = 86_400_000

    /// `[from, to)` in the window's own zone.
    func contains(_ wallMs: Int64) -> Bool {
        let local = wallMs + Int64(offsetSeconds(atWallMs: wallMs)) * 1_000
        let day = Int64((Double(local) / Double(WeeklyWindow.dayMs)).rounded(.down))
        let minute = Int((local - day * WeeklyWindow.dayMs) / 60_000)
        // 1970-01-01 was a Thursday.
        let weekday = Int(((day + 3) % 7 + 7) % 7) + 1
        return days.contains(weekday) && minute >= fromMinute && minute < toMinute
    }

    private func offsetSeconds(atWallMs wallMs: Int64) -> Int {
        (offsets.last { $0.fromWallMs <= wallMs } ?? offsets.first)?.seconds ?? 0
    }
}
