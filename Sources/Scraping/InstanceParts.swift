import Model
import Telemetry

/// Reads the series of each instance in an exposition that has those of several, by the values of a label: what instances
/// differ by is what statistical rules have to know.
struct InstanceParts {
    private let label: String
    private let watch: WatchList
    private let limits: ScrapeLimits
    private var readers: [(name: String, reader: TargetReader)] = []
    /// The series that matched when the instances were found.
    private var known: TargetReading.Matches?

    /// - Parameter watch: of the pool.
    init(label: String, watch: WatchList, limits: ScrapeLimits) {
        (self.label, self.watch, self.limits) = (label, watch, limits)
    }

    /// The instances' own readings of a scrape body that has been read as a whole.
    ///
    /// - Parameter matches: of that reading. The body is searched for instances when other series match.
    mutating func read(
        _ body: [UInt8], format: ExpositionFormat, atUptimeMs: Int64, countNewWithin: ClosedRange<Double>?,
        matches: TargetReading.Matches
    ) -> [InstanceReading] {
        if known != matches {
            known = matches
            find(InstanceLabels.values(of: label, in: body, format: format, watch: watch))
        }
        return readers.indices.compactMap { place in
            let reading = try? readers[place].reader.read(
                body, format: format, atUptimeMs: atUptimeMs, countNewWithin: countNewWithin)
            return reading.map { InstanceReading(name: readers[place].name, reading: $0) }
        }
    }

    /// Readers of instances that are gone are kept: a series may be missing for some bodies.
    private mutating func find(_ names: [String]) {
        for name in names where !readers.contains(where: { $0.name == name }) && readers.count < InstanceLabels.limit {
            let matcher = SeriesSelector.Matcher(label: label, comparison: .equal, value: name)
            let own = watch.narrowed(by: SeriesMatchers([matcher]))
            guard let reader = try? TargetReader(watch: own, limits: limits) else { continue }
            readers.append((name, reader))
        }
    }

    /// The next scrape body is a first one.
    mutating func forget() { for place in readers.indices { readers[place].reader.forget() } }
}
