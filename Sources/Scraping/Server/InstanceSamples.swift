import Telemetry

/// The samples of one target in an answer, as the expositions that the server scraped: samples of one scrape have one time.
struct InstanceSamples {
    /// All series with a sample, of one replica.
    private let series: [ServerSeries]
    /// Of the scrapes, rising, milliseconds since the epoch.
    let timesMs: [Int64]

    /// - Parameter series: of the target, each label set once.
    init(_ series: [ServerSeries]) {
        self.series = series.filter { !$0.samples.isEmpty }
        timesMs = Set(self.series.flatMap { $0.samples.map(\.timeMs) }).sorted()
    }

    /// How often the target is scraped: the median of the gaps; nil with fewer than two scrapes.
    var intervalMs: Int64? {
        let gaps = zip(timesMs.dropFirst(), timesMs).map { $0 - $1 }.sorted()
        return gaps.isEmpty ? nil : gaps[gaps.count / 2]
    }

    /// False when the server could not scrape the target the last time; nil where it does not say.
    var isUp: Bool? {
        series.filter { $0.name == "up" }.compactMap(\.samples.last).max { $0.timeMs < $1.timeMs }.map { $0.value != 0 }
    }

    /// The times after the last one that was read whose scrapes are whole.
    ///
    /// A server may show a scrape while it is still storing it, series by series. So the newest one waits until it has all
    /// series of the scrape before it, or until it has had time enough: then series have disappeared.
    ///
    /// - Parameters:
    ///   - lastMs: of the scrape that was read last; nil reads the newest alone, as the base.
    ///   - serverMs: the server's present time.
    ///   - untilMs: later ones wait.
    func newTimesMs(after lastMs: Int64?, serverMs: Int64, untilMs: Int64 = .max) -> [Int64] {
        var times = timesMs
        if let newest = times.last, times.count > 1, serverMs - newest < Self.storingMs,
            count(at: newest) < count(at: times[times.count - 2])
        {
            times.removeLast()
        }
        times.removeAll { $0 > untilMs }
        guard let lastMs else { return Array(times.suffix(1)) }
        return times.filter { $0 > lastMs }
    }

    /// A scrape is stored within this time.
    private static let storingMs: Int64 = 5_000

    private func count(at timeMs: Int64) -> Int {
        series.count { one in one.samples.contains { $0.timeMs == timeMs } }
    }

    /// The exposition of one scrape, in the text format with timestamps.
    func body(atMs timeMs: Int64) -> [UInt8] {
        var body: [UInt8] = []
        for one in series {
            guard let sample = one.samples.last(where: { $0.timeMs == timeMs }) else { continue }
            body.append(contentsOf: one.name.utf8)
            var separator = UInt8(ascii: "{")
            for label in one.labels {
                body.append(separator)
                body.append(contentsOf: "\(label.name)=\"\(Self.escaped(label.value))\"".utf8)
                separator = UInt8(ascii: ",")
            }
            if separator == UInt8(ascii: ",") { body.append(UInt8(ascii: "}")) }
            body.append(contentsOf: " \(sample.text) \(timeMs)\n".utf8)
        }
        return body
    }

    private static func escaped(_ value: String) -> String {
        guard value.utf8.contains(where: { $0 == 0x5C || $0 == 0x22 || $0 == 0x0A }) else { return value }
        return value.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing("\n", with: "\\n")
    }
}

/// Which of several copies of a target's series are read.
enum SeriesCopies {
    /// The labels by which the replicas of a highly available pair of servers differ.
    static let replicaLabels = ["prometheus_replica", "replica", "__replica__", "receive_replica"]

    /// The series of one replica. Counters of two replicas cannot be merged, because each scraped at its own times.
    ///
    /// - Parameters:
    ///   - kept: the replica that was read before, which is read as long as it has samples.
    /// - Returns: the series, and the replica; nil for a server without replicas.
    static func ofOneReplica(_ series: [ServerSeries], kept: String?) -> (series: [ServerSeries], replica: String?) {
        guard let label = replicaLabels.first(where: { label in Set(series.compactMap { $0[label] }).count > 1 }) else {
            return (series, kept)
        }
        var samples: [String: Int] = [:]
        for one in series { samples[one[label] ?? "", default: 0] += one.samples.count }
        let best = samples.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.first?.key ?? ""
        let chosen = kept.flatMap { (samples[$0] ?? 0) > 0 ? $0 : nil } ?? best
        return (series.filter { ($0[label] ?? "") == chosen }, chosen)
    }

    /// The jobs under which the server scrapes one target; with more than one, each request is counted as often.
    static func jobs(_ series: [ServerSeries]) -> [String] {
        Set(series.filter { !$0.samples.isEmpty }.compactMap { $0["job"] }).sorted()
    }
}
