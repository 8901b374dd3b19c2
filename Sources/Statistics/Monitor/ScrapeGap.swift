extension WatchCycle {
    /// How far apart the pools' counts may have been read, seconds: the distance of the pools' mean scrape times, with each
    /// scrape body written at the least favourable moment of its scrape. 0 where no times are known.
    var gapSeconds: Double {
        guard let baseline = baseline.meanSampledSeconds, let canary = canary.meanSampledSeconds else { return 0 }
        return max(0, canary.latest - baseline.earliest, baseline.latest - canary.earliest)
    }
}

extension [InstanceIncrements] {
    /// The means of the earliest and of the latest moments at which the counts may have been read; nil where none is known.
    fileprivate var meanSampledSeconds: (earliest: Double, latest: Double)? {
        var (earliest, latest, known) = (0.0, 0.0, 0.0)
        for one in self {
            guard let sampled = one.sampledSeconds else { continue }
            earliest += sampled.lowerBound
            latest += sampled.upperBound
            known += 1
        }
        return known > 0 ? (earliest / known, latest / known) : nil
    }
}
