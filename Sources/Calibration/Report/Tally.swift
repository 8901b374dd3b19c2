/// First alarms of many releases, per method.
struct Tally: Sendable {
    /// Per method, seconds to the first alarm of each release that had one.
    private var alarms: [[Double]]
    private(set) var releases = 0

    init(methods: Int) { alarms = Array(repeating: [], count: methods) }

    mutating func add(_ trial: [Double?]) {
        releases += 1
        for (method, alarm) in trial.enumerated() {
            if let alarm { alarms[method].append(alarm) }
        }
    }

    /// Adds what another part of the same releases gave. Nothing that is asked for depends on the order.
    mutating func add(_ other: Tally) {
        releases += other.releases
        for method in alarms.indices { alarms[method] += other.alarms[method] }
    }

    /// The share of releases with an alarm, 0...1.
    func alarmShare(_ method: Int) -> Double {
        releases > 0 ? Double(alarms[method].count) / Double(releases) : 0
    }

    /// How a fault that began at this time was found: the share of releases in which the first alarm came after it, and the
    /// median and ninth decile of the delay over all releases (nil where fewer found it).
    func detection(_ method: Int, faultSeconds: Double) -> Detection {
        let delays = alarms[method].filter { $0 > faultSeconds }.map { $0 - faultSeconds }.sorted()
        func point(_ share: Double) -> Double? {
            let rank = Int((share * Double(releases)).rounded(.up)) - 1
            return delays.indices.contains(rank) ? delays[rank] : nil
        }
        return Detection(
            share: Double(delays.count) / Double(max(1, releases)), medianSeconds: point(0.5), p90Seconds: point(0.9))
    }
}

struct Detection: Sendable {
    var share: Double
    var medianSeconds: Double?
    var p90Seconds: Double?

    /// `50/90`, and the share found where it is below 99 %.
    var text: String {
        func whole(_ seconds: Double?) -> String { seconds.map { String(Int($0)) } ?? "–" }
        let found = share < 0.99 ? " (\(Int((share * 100).rounded())))" : ""
        return "\(whole(medianSeconds))/\(whole(p90Seconds))\(found)"
    }
}
