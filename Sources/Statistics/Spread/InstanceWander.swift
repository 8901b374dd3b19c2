import Glibc

/// How instances differ in short windows and how they change from hour to hour, beyond what chance explains. An instance that
/// wanders is one that differs for a while: its bad events are no clusters, which would come down with the number of blocks.
struct InstanceWander: Sendable, Equatable {
    private static let minutesInWindow = 5
    private static let windowsInHour = 12

    private var minutes = SpreadSums()
    private var windows = SpreadSums()
    private var drift = DriftSums()
    /// The open window of five minutes, the open hour, and the hour before.
    private var window = InstanceCounts(slots: 0)
    private var windowMinutes = 0
    private var hour = InstanceCounts(slots: 0)
    private var hourWindows = 0
    private var hourBefore = InstanceCounts(slots: 0)

    /// Takes in a block of a minute, by instance.
    mutating func take(_ minute: InstanceCounts, dispersion: Double) {
        minutes.add(minute)
        window.add(minute)
        windowMinutes += 1
        guard windowMinutes >= InstanceWander.minutesInWindow else { return }
        windows.add(window)
        hour.add(window)
        window.clear()
        windowMinutes = 0
        hourWindows += 1
        guard hourWindows >= InstanceWander.windowsInHour else { return }
        drift.add(hour, after: hourBefore, dispersion: dispersion)
        swap(&hour, &hourBefore)
        hour.clear()
        hourWindows = 0
    }

    /// The largest standard deviation of the log rate between instances in windows of one and of five minutes.
    func deviation(dispersion: Double) -> Double {
        max(minutes.deviation(dispersion: dispersion), windows.deviation(dispersion: dispersion))
    }

    /// Standard deviation of the change of an instance's log rate from hour to hour; nil while too little was seen.
    var hourlyDrift: Double? { drift.deviation }

    /// Instances have new numbers, or time is missing.
    mutating func forgetOpenWindows() {
        (window, windowMinutes) = (InstanceCounts(slots: 0), 0)
        (hour, hourWindows, hourBefore) = (InstanceCounts(slots: 0), 0, InstanceCounts(slots: 0))
    }
}

/// The sums are stored, the open windows are not.
extension InstanceWander: Codable {
    private enum Keys: String, CodingKey { case minutes, windows, drift }

    init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: Keys.self)
        minutes = try fields.decode(SpreadSums.self, forKey: .minutes)
        windows = try fields.decode(SpreadSums.self, forKey: .windows)
        drift = try fields.decode(DriftSums.self, forKey: .drift)
    }

    func encode(to encoder: any Encoder) throws {
        var fields = encoder.container(keyedBy: Keys.self)
        try fields.encode(minutes, forKey: .minutes)
        try fields.encode(windows, forKey: .windows)
        try fields.encode(drift, forKey: .drift)
    }
}

/// Sums over blocks for the moment estimate of how much instances differ in a block.
struct SpreadSums: Sendable, Equatable, Codable {
    private var squares = 0.0
    private var noise = 0.0
    private var expectedSquares = 0.0

    /// A block with fewer than two instances, or without bad events, says nothing.
    mutating func add(_ block: InstanceCounts) {
        var (instances, requests, bad) = (0.0, 0.0, 0.0)
        for slot in 0..<block.slots where block.requests[slot] > 0 {
            instances += 1
            requests += block.requests[slot]
            bad += block.bad[slot]
        }
        guard instances >= 2, bad > 0 else { return }
        let freedom = 1 - 1 / instances
        for slot in 0..<block.slots where block.requests[slot] > 0 {
            let expected = block.requests[slot] * bad / requests
            let excess = block.bad[slot] - expected
            squares += excess * excess
            noise += expected * freedom
            expectedSquares += expected * expected * freedom
        }
    }

    /// - Parameter dispersion: of counts in blocks so short that wandering does not show in it.
    func deviation(dispersion: Double) -> Double {
        guard expectedSquares > 0 else { return 0 }
        return (max(0, squares - dispersion * noise) / expectedSquares).squareRoot()
    }
}

/// Sums over instances and hours for the moment estimate of their change from hour to hour.
struct DriftSums: Sendable, Equatable, Codable {
    /// Standard error of the squared drift from which on it is known.
    private static let knownError = 0.01
    /// An instance with fewer bad events in an hour counts less: its change is mostly chance.
    private static let halfWeightVariance = 0.02

    private var weight = 0.0
    private var weighted = 0.0
    private var errors = 0.0

    mutating func add(_ hour: InstanceCounts, after before: InstanceCounts, dispersion: Double) {
        let slots = (0..<min(hour.slots, before.slots)).filter {
            hour.requests[$0] > 0 && before.requests[$0] > 0
        }
        guard slots.count >= 2 else { return }
        func pool(_ counts: InstanceCounts) -> Double {
            let (bad, requests) = slots.reduce((0.0, 0.0)) {
                ($0.0 + counts.bad[$1], $0.1 + counts.requests[$1])
            }
            return log((bad + 0.5) / requests)
        }
        let (now, then) = (pool(hour), pool(before))
        for slot in slots {
            let change =
                log((hour.bad[slot] + 0.5) / hour.requests[slot]) - now
                - log((before.bad[slot] + 0.5) / before.requests[slot]) + then
            let chance = max(1, dispersion) * (1 / (hour.bad[slot] + 0.5) + 1 / (before.bad[slot] + 0.5))
            let trust =
                1 / ((chance + DriftSums.halfWeightVariance) * (chance + DriftSums.halfWeightVariance))
            weight += trust
            // The pool's rate holds a part of the instance's own.
            weighted += trust * (change * change / (1 - 1 / Double(slots.count)) - chance)
            errors += 2 * trust * trust * chance * chance
        }
    }

    var deviation: Double? {
        guard weight > 0, errors.squareRoot() / weight <= DriftSums.knownError else { return nil }
        return max(0, weighted / weight).squareRoot()
    }
}
