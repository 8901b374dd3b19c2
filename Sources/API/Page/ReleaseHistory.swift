import Model

/// The last quarter of an hour of a release, for plots. Bounded: old points and marks make room for new ones.
struct ReleaseHistory: Sendable, Equatable {
    static let pointLimit = 450
    static let markLimit = 60

    private(set) var points: [HistoryPoint] = []
    private(set) var marks: [HistoryMark] = []
    private var state: MarkedState?

    mutating func take(_ release: ReleaseSnapshot, atWallMs: Int64) {
        // A clock that was set back leaves no line that runs backwards.
        if let last = points.last, last.atWallMs >= atWallMs { forget(from: atWallMs) }
        // Moved in portions, so that a new point costs no more than its own place.
        if points.count >= ReleaseHistory.pointLimit * 5 / 4 {
            points.removeFirst(points.count - ReleaseHistory.pointLimit + 1)
        }
        points.append(HistoryPoint(release, atWallMs: atWallMs))
        let next = MarkedState(release)
        if let state { marks += next.marks(after: state, atWallMs: atWallMs) }
        state = next
        if marks.count > ReleaseHistory.markLimit { marks.removeFirst(marks.count - ReleaseHistory.markLimit) }
    }

    /// The part of it within these times.
    func slice(_ wallMs: ClosedRange<Int64>) -> ReleaseHistory {
        var part = ReleaseHistory()
        part.points = points.filter { wallMs.contains($0.atWallMs) }
        part.marks = marks.filter { wallMs.contains($0.atWallMs) }
        return part
    }

    private mutating func forget(from wallMs: Int64) {
        points.removeAll { $0.atWallMs >= wallMs }
        marks.removeAll { $0.atWallMs >= wallMs }
    }
}
