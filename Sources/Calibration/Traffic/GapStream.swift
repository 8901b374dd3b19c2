import Glibc
import Statistics

/// Makes the scrape cycles of a ``GapCell``.
struct GapStream {
    /// One instance: when its scrape body was written last, and how far its counts have come.
    private struct Instance {
        var name: String
        var isCanary: Bool
        var phaseSeconds: Double
        var writtenSeconds: Double
        var renewedSeconds: Double
        /// Its rate by its pool's, for good.
        var relativeRate = 1.0
    }

    private let cell: GapCell
    private var chance: Chance
    private var instances: [Instance]
    /// Begin and end, seconds of the release.
    private let outages: [(begin: Double, end: Double)]

    init(cell: GapCell, chance: Chance) {
        self.cell = cell
        self.chance = chance
        var drawing = chance
        outages = (0..<cell.outages).map { _ in
            let begin = 60 + drawing.uniform() * (GapCell.releaseSeconds - 160)
            let range = cell.outageSeconds
            return (begin, begin + range.lowerBound + drawing.uniform() * (range.upperBound - range.lowerBound))
        }
        let start = -cell.historySeconds
        instances = (0..<GapCell.instances).map { index in
            let isCanary = index >= cell.baselineInstances
            return Instance(
                name: isCanary ? "new\(index)" : "old\(index)", isCanary: isCanary,
                phaseSeconds: drawing.uniform() * cell.renewalSeconds, writtenSeconds: start, renewedSeconds: start)
        }
        if cell.sigma > 0 {
            for index in instances.indices { instances[index].relativeRate = exp(cell.sigma * drawing.normal()) }
        }
        self.chance = drawing
    }

    /// The cycle that ends then, seconds since the release began; negative for the time before it, without a canary.
    mutating func cycle(atSeconds now: Double) -> WatchCycle {
        var cycle = WatchCycle(atSeconds: now, coveredSeconds: cell.cycleSeconds, baseline: [])
        for index in instances.indices {
            let increments = scrape(index, atSeconds: now + (instances[index].isCanary ? cell.gapSeconds : 0))
            if !instances[index].isCanary {
                cycle.baseline.append(increments)
            } else if now > 0 {
                cycle.canary.append(increments)
            }
        }
        return cycle
    }

    private mutating func scrape(_ index: Int, atSeconds now: Double) -> InstanceIncrements {
        var instance = instances[index]
        let written = max(instance.writtenSeconds, self.written(instance, atSeconds: now))
        let counts = draw(instance, from: instance.writtenSeconds, to: written)
        var increments = InstanceIncrements(instance: instance.name, requests: counts.requests, errors: counts.errors)
        increments.coveredSeconds = cell.cycleSeconds
        increments.sampledSeconds = now...now
        increments.isRenewed = counts.requests > 0
        if increments.isRenewed {
            increments.renewalSeconds = now - instance.renewedSeconds
            instance.renewedSeconds = now
        }
        instance.writtenSeconds = written
        instances[index] = instance
        return increments
    }

    private func written(_ instance: Instance, atSeconds now: Double) -> Double {
        guard cell.renewalSeconds > 0 else { return now }
        let renewals = ((now - instance.phaseSeconds) / cell.renewalSeconds).rounded(.down)
        return renewals * cell.renewalSeconds + instance.phaseSeconds
    }

    /// Thinning: the failed and the others of a Poisson stream are independent Poisson streams.
    private mutating func draw(
        _ instance: Instance, from begin: Double, to end: Double
    ) -> (requests: Double, errors: Double) {
        guard end > begin else { return (0, 0) }
        let share = instance.isCanary ? cell.canaryShare : 1 - cell.canaryShare
        let pool = instance.isCanary ? cell.canaryInstances : cell.baselineInstances
        let perSecond = cell.requestsPerSecond * share / Double(pool)
        let times = instance.relativeRate * (instance.isCanary ? cell.canaryMultiplier : 1)
        let sick = outageSeconds(from: begin, to: end)
        let bad = (end - begin - sick) * min(1, GapCell.baseRate * times) + sick * min(1, cell.outageRate * times)
        let errors = chance.clustered(perSecond * bad, mean: cell.clusterMean)
        return (errors + chance.poisson(perSecond * (end - begin - bad)), errors)
    }

    private func outageSeconds(from begin: Double, to end: Double) -> Double {
        // Outages may overlap; together they are bad once.
        var (sick, reached) = (0.0, begin)
        for outage in outages.sorted(by: { $0.begin < $1.begin }) {
            let (first, last) = (max(outage.begin, reached), min(outage.end, end))
            guard last > first else { continue }
            sick += last - first
            reached = last
        }
        return sick
    }
}
