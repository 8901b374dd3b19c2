import Glibc

/// Whether to scrape more often: a rough and optimistic estimate of the evidence, with the block that still waits for its
/// neighbour as if that had come. No verdict rests on it; denser scrapes bring counts that are tested like any others.
extension ReleaseEvidence {
    /// A log evidence, the largest of all rules; 0 without a release.
    public var suspicion: Double {
        guard isRunning else { return 0 }
        return monitors.reduce(0) { max($0, $1.suspicion) }
    }
}

extension RegressionMonitor {
    var suspicion: Double { watch?.suspicion ?? 0 }
}

extension ReleaseWatch {
    var suspicion: Double {
        var most = harmLogE
        if let errors { most = max(most, errors.suspicion + log(errorWeight)) }
        for one in latency { most = max(most, one.suspicion + boundaryLogWeight) }
        return most
    }
}

extension Comparison {
    /// Against the hypothesis that is refuted least.
    fileprivate var suspicion: Double {
        var least = settings.nulls == nil ? relativeLogE : Double.infinity
        for index in (settings.nulls ?? []).indices { least = min(least, logE(null: index)) }
        return least + newestGain
    }

    /// What the newest block says by itself: the log-likelihood ratio of the canary's own bad rate to the baseline's, as for
    /// Poisson counts, where it has more bad events than the baseline's rate lets expect.
    private var newestGain: Double {
        guard let block = newestBlock, block.baselineRequests > 0 else { return 0 }
        let expected = (block.baselineBad + 0.5) / block.baselineRequests * block.canaryRequests
        let bad = block.canaryBad
        guard bad > expected, expected > 0 else { return 0 }
        return (bad * log(bad / expected) - (bad - expected)) / dispersion
    }
}
