import Model

/// The last quarter of an hour of a release, for plots. Bounded: old points and marks make room for new ones.
struct ReleaseHistory: Sendable, Equatable {
    static let pointLimit = 450
    static let markLimit = 60

    private(set) var points: [HistoryPoint] = []
    private(set) var marks: [HistoryMark] = []
    private(set) var routers = RouterHistory()
    /// Names of the latency's percentiles that the points hold, `p99`, rising.
    private(set) var percentiles: [String] = []
    private var state: MarkedState?

    mutating func take(_ release: ReleaseSnapshot, atWallMs: Int64) {
        // A clock that was set back leaves no line that runs backwards.
        if let last = points.last, last.atWallMs >= atWallMs { forget(from: atWallMs) }
        // Moved in portions, so that a new point costs no more than its own place.
        if points.count >= ReleaseHistory.pointLimit * 5 / 4 {
            points.removeFirst(points.count - ReleaseHistory.pointLimit + 1)
        }
        adopt(release.baseline.shownLatencies + release.canary.shownLatencies)
        points.append(HistoryPoint(release, percentiles: percentiles, atWallMs: atWallMs))
        routers.take(release, atWallMs: atWallMs)
        let next = MarkedState(release)
        if let state { marks += next.marks(after: state, atWallMs: atWallMs) }
        state = next
        if marks.count > ReleaseHistory.markLimit { marks.removeFirst(marks.count - ReleaseHistory.markLimit) }
    }

    /// The percentiles of the newest point; those that rules do not use any more are forgotten.
    private mutating func adopt(_ latencies: [LatencySnapshot]) {
        let names = latencies.map(\.name).reduce(into: [String]()) { if !$0.contains($1) { $0.append($1) } }
        let next = names.prefix(LatencySnapshot.limit).sorted { ReleaseHistory.rank($0) < ReleaseHistory.rank($1) }
        guard !next.isEmpty, next != percentiles else { return }
        for index in points.indices {
            points[index].baseline.latencies = points[index].baseline.latencies.moved(from: percentiles, to: next)
            points[index].canary.latencies = points[index].canary.latencies.moved(from: percentiles, to: next)
        }
        percentiles = next
    }

    /// `p99.9` as 99.9.
    private static func rank(_ percentile: String) -> Double { Double(percentile.dropFirst()) ?? 0 }

    /// The part of it within these times.
    func slice(_ wallMs: ClosedRange<Int64>) -> ReleaseHistory {
        var part = ReleaseHistory()
        (part.percentiles, part.routers) = (percentiles, routers.slice(wallMs))
        part.points = points.filter { wallMs.contains($0.atWallMs) }
        part.marks = marks.filter { wallMs.contains($0.atWallMs) }
        return part
    }

    private mutating func forget(from wallMs: Int64) {
        points.removeAll { $0.atWallMs >= wallMs }
        marks.removeAll { $0.atWallMs >= wallMs }
        routers.forget(from: wallMs)
    }
}
