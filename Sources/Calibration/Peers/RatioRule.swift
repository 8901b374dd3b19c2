/// A Prometheus alert `canary > ratio * baseline` over five minutes, evaluated every 15 s, with or without `for`. Without
/// canary traffic there is no value, and no alert.
struct RatioRule {
    let ratio: Double
    let forScrapes: Int

    func firstAlarm(_ record: ErrorRecord) -> Double? {
        firstAlarm(scrapes: record.scrapes) { start, end in
            let counts = record.counts(from: start, to: end)
            guard let canary = counts.canaryRate, let baseline = counts.baselineRate else { return false }
            return canary > ratio * baseline
        }
    }

    /// - Parameter isBreached: over the five minutes between these scrapes.
    func firstAlarm(scrapes: Int, isBreached: (Int, Int) -> Bool) -> Double? {
        var since: Int?
        var end = 3
        while end <= scrapes {
            if isBreached(max(0, end - 60), end) {
                since = since ?? end
                if end - (since ?? end) >= forScrapes { return seconds(end) }
            } else {
                since = nil
            }
            end += 3
        }
        return nil
    }
}
