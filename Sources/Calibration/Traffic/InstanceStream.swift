import Glibc
import Statistics

/// Makes the scrape cycles of an ``InstanceCell``: its history, then the release.
struct InstanceStream {
    private struct Instance {
        let name: String
        let isCanary: Bool
        /// The logarithm of its rate by the pool's.
        var logRate: Double
        /// The wandering part of it.
        var wander = 0.0
    }

    let cell: InstanceCell
    private var chance: Chance
    private var instances: [Instance]
    private var isRelease = false

    init(cell: InstanceCell, chance: Chance) {
        self.cell = cell
        var drawing = chance
        instances = (0..<cell.instances).map { index in
            let isCanary = index >= cell.baselineInstances
            return Instance(name: "place\(index)", isCanary: isCanary, logRate: cell.sigma * drawing.normal())
        }
        if case .wandering(let deviation, _) = cell.pattern {
            for index in instances.indices { instances[index].wander = deviation * drawing.normal() }
        }
        if case .wanderingPools(let deviation, _) = cell.pattern {
            let (baseline, canary) = (deviation * drawing.normal(), deviation * drawing.normal())
            for index in instances.indices { instances[index].wander = instances[index].isCanary ? canary : baseline }
        }
        self.chance = drawing
    }

    /// Another set of instances of the baseline, which served for an hour before this deployment; a minute per cycle.
    mutating func deploymentBefore(_ number: Int) -> [WatchCycle] {
        let rates = (0..<cell.baselineInstances).map { _ in cell.sigma * chance.normal() }
        return (1...60).map { minute in
            var cycle = WatchCycle(atSeconds: Double(minute) * 60, coveredSeconds: 60, baseline: [])
            for (place, rate) in rates.enumerated() {
                let one = Instance(name: "before\(number).\(place)", isCanary: false, logRate: rate)
                cycle.baseline.append(draw(one, seconds: 60))
            }
            return cycle
        }
    }

    /// The release begins; the places of the canary may have changed since the history.
    mutating func begin() {
        isRelease = true
        guard cell.hasOwnPast, cell.drift > 0 else { return }
        let change = cell.drift * chance.normal()
        for index in instances.indices where instances[index].isCanary { instances[index].logRate += change }
    }

    mutating func cycle(atSeconds now: Double) -> WatchCycle {
        var cycle = WatchCycle(atSeconds: now, coveredSeconds: InstanceCell.cycleSeconds, baseline: [])
        stepPools()
        for index in instances.indices {
            step(index)
            let increments = draw(instances[index], seconds: InstanceCell.cycleSeconds)
            if !instances[index].isCanary {
                cycle.baseline.append(increments)
            } else if isRelease {
                cycle.canary.append(increments)
            } else if cell.hasOwnPast {
                cycle.baseline.append(increments)
            }
        }
        return cycle
    }

    private mutating func step(_ index: Int) {
        guard case .wandering(let deviation, let halfLife) = cell.pattern else { return }
        instances[index].wander = wandered(instances[index].wander, deviation, halfLife)
    }

    private mutating func stepPools() {
        guard case .wanderingPools(let deviation, let halfLife) = cell.pattern else { return }
        for isCanary in [false, true] {
            let places = instances.indices.filter { instances[$0].isCanary == isCanary }
            guard let first = places.first else { continue }
            let next = wandered(instances[first].wander, deviation, halfLife)
            for place in places { instances[place].wander = next }
        }
    }

    /// A stationary AR(1) process, a cycle later.
    private mutating func wandered(_ value: Double, _ deviation: Double, _ halfLifeSeconds: Double) -> Double {
        let kept = pow(2, -InstanceCell.cycleSeconds / halfLifeSeconds)
        return kept * value + deviation * (1 - kept * kept).squareRoot() * chance.normal()
    }

    private mutating func draw(_ instance: Instance, seconds: Double) -> InstanceIncrements {
        let mean = cell.requestsPerSecond / Double(cell.instances) * seconds
        var bad = cell.baseRate * exp(instance.logRate + instance.wander)
        switch cell.pattern {
        case .wandering(let deviation, _), .wanderingPools(let deviation, _): bad *= exp(-deviation * deviation / 2)
        case .independent, .clusters: break
        }
        if instance.isCanary, isRelease { bad *= cell.canaryMultiplier }
        let requests = chance.poisson(mean)
        let expected = requests * min(1, bad)
        var clusterMean = 1.0
        if case .clusters(let mean) = cell.pattern { clusterMean = mean }
        let errors = min(chance.clustered(expected, mean: clusterMean), requests)
        return InstanceIncrements(instance: instance.name, requests: requests, errors: errors)
    }
}

extension Chance {
    /// Events in geometric clusters of this mean, so many in the mean; with clusters of one a Poisson variable.
    mutating func clustered(_ expected: Double, mean: Double) -> Double {
        guard mean > 1 else { return poisson(expected) }
        var events = 0.0
        for _ in 0..<Int(poisson(expected / mean)) { events += geometric(mean: mean) }
        return events
    }

    /// 1, 2, 3, ...: the tosses until the first success.
    mutating func geometric(mean: Double) -> Double {
        guard mean > 1 else { return 1 }
        return 1 + (log1p(-uniform()) / log1p(-1 / mean)).rounded(.down)
    }
}
