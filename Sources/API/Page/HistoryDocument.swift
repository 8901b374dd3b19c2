import Foundation

/// The last quarter of an hour of a release: the answer of `GET /api/v1/releases/{name}/history`.
package struct HistoryDocument: Codable, Sendable, Equatable {
    package var release: String
    /// Seconds between two points.
    package var everySeconds: Double
    /// What each place of a point holds, so that points need no names of their own.
    package var columns: [String]
    /// Oldest first, at most 562; nil where there is no value.
    package var points: [[Double?]]
    /// Oldest first, at most 60.
    package var marks: [MarkDocument]

    init(_ history: ReleaseHistory, release: String) {
        self.release = release
        everySeconds = Double(HistoryBook.period.components.seconds)
        columns = HistoryColumn.all.map(\.name)
        points = history.points.map { point in HistoryColumn.all.map { $0.value(point) } }
        marks = history.marks.map(MarkDocument.init)
    }

    enum CodingKeys: String, CodingKey {
        case release, columns, points, marks
        case everySeconds = "every_seconds"
    }
}

/// Something that happened, for a line in a plot.
package struct MarkDocument: Codable, Sendable, Equatable {
    /// Milliseconds since 1970, as in the points.
    package var atMs: Int64
    /// `phase`, `incident`, `step`, `halt` or `version`.
    package var kind: String
    package var text: String

    init(_ mark: HistoryMark) {
        atMs = mark.atWallMs
        kind = mark.kind.rawValue
        text = mark.text
    }

    enum CodingKeys: String, CodingKey {
        case kind, text
        case atMs = "at_ms"
    }
}

/// One place of a point.
private struct HistoryColumn: Sendable {
    let name: String
    let value: @Sendable (HistoryPoint) -> Double?

    static let all =
        [
            HistoryColumn(name: "at_ms") { Double($0.atWallMs) },
            HistoryColumn(name: "canary_basis_points") { finite($0.canaryBasisPoints) },
        ] + side("baseline") { $0.baseline } + side("canary") { $0.canary } + [
            HistoryColumn(name: "log_evidence") { finite($0.logEvidence) },
            HistoryColumn(name: "bar_log_evidence") { finite($0.barLogEvidence) },
        ]

    private static func side(
        _ pool: String, _ side: @escaping @Sendable (HistoryPoint) -> HistoryPoint.Side
    ) -> [HistoryColumn] {
        [
            HistoryColumn(name: "\(pool)_request_rate_per_second") { finite(side($0).requestRatePerSecond) },
            HistoryColumn(name: "\(pool)_error_rate") { finite(side($0).errorRate) },
            HistoryColumn(name: "\(pool)_error_rate_low") { finite(side($0).errorRateLow) },
            HistoryColumn(name: "\(pool)_error_rate_high") { finite(side($0).errorRateHigh) },
            HistoryColumn(name: "\(pool)_latency_p99_seconds") { finite(side($0).latencyP99Seconds) },
        ]
    }

    /// Five significant digits, which is more than a plot shows. JSON has neither infinity nor NaN.
    private static func finite(_ value: Float?) -> Double? {
        guard let value, value.isFinite else { return nil }
        guard value != 0 else { return 0 }
        let scale = pow(10, 5 - log10(abs(Double(value))).rounded(.up))
        return scale.isFinite ? (Double(value) * scale).rounded() / scale : 0
    }
}
