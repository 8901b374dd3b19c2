/// Flagger (fluxcd/flagger, pkg/controller/scheduler.go): every minute the last minute's success rate must be in range; no
/// traffic is a failed check; a success does not reset the count; the rollback comes at the tick after the fifth failure.
/// It judges the canary alone.
struct Flagger {
    var threshold = 5

    func firstAlarm(_ record: ErrorRecord, success: Double) -> Double? {
        firstAlarm(scrapes: record.scrapes) { start, end in
            let counts = record.counts(from: start, to: end)
            guard let rate = counts.canaryRate else { return false }
            return 1 - rate >= success
        }
    }

    /// - Parameter passes: the check over a minute's scrapes.
    func firstAlarm(scrapes: Int, passes: (Int, Int) -> Bool) -> Double? {
        var failed = 0
        var end = Schedule.scrapesPerMinute
        while end <= scrapes {
            if failed >= threshold { return seconds(end) }
            if !passes(end - Schedule.scrapesPerMinute, end) { failed += 1 }
            end += Schedule.scrapesPerMinute
        }
        return nil
    }
}
