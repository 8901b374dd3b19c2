/// Argo Rollouts (analysis/analysis.go): a measurement at each interval; no data fails; failures add up; failed when there
/// are more than `failureLimit`. It judges the canary alone.
struct ArgoRollouts {
    let intervalScrapes: Int
    let windowScrapes: Int
    let success: Double
    var failureLimit = 3

    func firstAlarm(_ record: ErrorRecord) -> Double? {
        var failed = 0
        var end = intervalScrapes
        while end <= record.scrapes {
            let rate = record.counts(from: end - windowScrapes, to: end).canaryRate
            if rate.map({ 1 - $0 < success }) ?? true { failed += 1 }
            if failed > failureLimit { return seconds(end) }
            end += intervalScrapes
        }
        return nil
    }
}
