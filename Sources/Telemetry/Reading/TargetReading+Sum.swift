extension TargetReading {
    /// This reading and the one of the next scrape body of the same target, as one.
    ///
    /// Where the buckets of the two differ, those of the later one are kept: counts on different bounds have no sum.
    public func followed(by later: TargetReading) -> TargetReading {
        func sum(_ one: Double?, _ other: Double?) -> Double? {
            one == nil && other == nil ? nil : (one ?? 0) + (other ?? 0)
        }
        var whole = later
        // Errors of the one without those of the other would be a rate of different requests.
        let isUnknown = (requests != nil && errors == nil) || (later.requests != nil && later.errors == nil)
        whole.errors = isUnknown ? nil : sum(errors, later.errors)
        whole.requests = sum(requests, later.requests)
        whole.coveredSeconds = sum(coveredSeconds, later.coveredSeconds)
        whole.absentSeconds = sum(absentSeconds, later.absentSeconds)
        whole.latency = latency.followed(by: later.latency)
        whole.resets = resets + later.resets
        // A series that has disappeared may have counted more before that, as one that fell may have.
        if requests != nil, later.requests == nil, later.matches.requests == 0 { whole.resets += 1 }
        whole.notes = notes + later.notes.filter { !notes.contains($0) }
        whole.isAmbiguous = isAmbiguous || later.isAmbiguous
        whole.freshness.isKnownNew = freshness.isKnownNew || later.freshness.isKnownNew
        if whole.movingSeries.isEmpty { whole.movingSeries = movingSeries }
        if signals.count == later.signals.count {
            whole.signals = zip(signals, later.signals).map { $0.followed(by: $1) }
        }
        return whole
    }
}

extension TargetReading.Latency {
    fileprivate func followed(by later: Self) -> Self {
        switch (self, later) {
        case (.histogram(let one), .histogram(let other)): return .histogram(one.followed(by: other) ?? other)
        case (.summary(let one), .summary(var other)):
            other.sumSeconds += one.sumSeconds
            other.count += one.count
            return .summary(other)
        case (_, .absent): return self
        default: return later
        }
    }
}

extension HistogramIncrements {
    /// Nil for other bounds.
    fileprivate func followed(by later: HistogramIncrements) -> HistogramIncrements? {
        guard upperBounds == later.upperBounds, cumulative.count == later.cumulative.count else { return nil }
        return HistogramIncrements(
            upperBounds: upperBounds, cumulative: zip(cumulative, later.cumulative).map(+),
            sumSeconds: sumSeconds + later.sumSeconds, count: count + later.count)
    }
}

extension SignalReading {
    fileprivate func followed(by later: SignalReading) -> SignalReading {
        switch (self, later) {
        case (.counter(let one), .counter(let other)): .counter(one + other)
        case (.histogram(let one), .histogram(let other)): .histogram(one.followed(by: other) ?? other)
        case (_, .absent) where isCount: self
        default: later
        }
    }
}
