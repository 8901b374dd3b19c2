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
