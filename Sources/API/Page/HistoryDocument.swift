import Foundation
import Support

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
    /// What each router instance read back; absent in what was kept by older versions.
    package var routers: [RouterHistoryDocument]?

    init(_ history: ReleaseHistory, release: String) {
        self.release = release
        everySeconds = Double(HistoryBook.period.components.seconds)
        let all = HistoryColumn.all(of: history)
        columns = all.map(\.name)
        points = history.points.map { point in all.map { $0.value(point) } }
        marks = history.marks.map(MarkDocument.init)
        routers = history.routers.instances.map(RouterHistoryDocument.init)
    }

    /// The percentiles of the latency that its columns hold: `p99`.
    var percentiles: [String] {
        columns.compactMap { $0.wholeMatch(of: /canary_latency_(p[0-9.]+)_seconds/).map { String($0.1) } }
    }

    enum CodingKeys: String, CodingKey {
        case release, columns, points, marks, routers
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

/// What a router instance read back over time: one entry per change of its split, or of the step that was wanted.
package struct RouterHistoryDocument: Codable, Sendable, Equatable {
    package var instance: String
    /// Oldest first, at most 64; each holds until the next one.
    package var changes: [SplitChangeDocument]

    init(_ instance: RouterHistory.Instance) {
        self.instance = Redaction.url(instance.name)
        changes = instance.changes.map(SplitChangeDocument.init)
    }
}

/// A change of a router instance's split.
package struct SplitChangeDocument: Codable, Sendable, Equatable {
    /// Milliseconds since 1970.
    package var atMs: Int64
    /// 0...10000; nil when it could not be read.
    @ExplicitNull package var canaryBasisPoints: Int?
    /// The step whose share was wanted, from 1; nil without a rollout.
    @ExplicitNull package var step: Int?

    init(_ change: RouterHistory.Change) {
        atMs = change.atWallMs
        canaryBasisPoints = change.canaryBasisPoints
        step = change.step
    }

    enum CodingKeys: String, CodingKey {
        case step
        case atMs = "at_ms"
        case canaryBasisPoints = "canary_basis_points"
    }
}

/// One place of a point.
private struct HistoryColumn: Sendable {
    typealias SideOfPoint = @Sendable (HistoryPoint) -> HistoryPoint.Side

    let name: String
    let value: @Sendable (HistoryPoint) -> Double?

    /// The columns of bounds of percentiles that no point has are left out.
    static func all(of history: ReleaseHistory) -> [HistoryColumn] {
        [
            HistoryColumn(name: "at_ms") { Double($0.atWallMs) },
            HistoryColumn(name: "canary_basis_points") { finite($0.canaryBasisPoints) },
        ] + side("baseline", history) { $0.baseline } + side("canary", history) { $0.canary } + [
            HistoryColumn(name: "log_evidence") { finite($0.logEvidence) },
            HistoryColumn(name: "bar_log_evidence") { finite($0.barLogEvidence) },
        ]
    }

    private static func side(
        _ pool: String, _ history: ReleaseHistory, _ side: @escaping SideOfPoint
    ) -> [HistoryColumn] {
        [
            HistoryColumn(name: "\(pool)_request_rate_per_second") { finite(side($0).requestRatePerSecond) },
            HistoryColumn(name: "\(pool)_error_rate") { finite(side($0).errorRate) },
            HistoryColumn(name: "\(pool)_error_rate_low") { finite(side($0).errorRateLow) },
            HistoryColumn(name: "\(pool)_error_rate_high") { finite(side($0).errorRateHigh) },
        ] + history.percentiles.indices.flatMap { percentile("\(pool)_latency_", history, $0, side) }
    }

    /// The value of a percentile, and the bounds between which it lies where one of the points has some.
    private static func percentile(
        _ prefix: String, _ history: ReleaseHistory, _ place: Int, _ side: @escaping SideOfPoint
    ) -> [HistoryColumn] {
        let name = prefix + history.percentiles[place]
        let value = HistoryColumn(name: "\(name)_seconds") { finite(side($0).latencies[place]?.value) }
        let bounds = [
            HistoryColumn(name: "\(name)_low_seconds") { finite(side($0).latencies[place]?.low) },
            HistoryColumn(name: "\(name)_high_seconds") { finite(side($0).latencies[place]?.high) },
        ]
        let hasBounds = history.points.contains { side($0).latencies[place]?.high != nil }
        return [value] + (hasBounds ? bounds : [])
    }

    /// Five significant digits, which is more than a plot shows. JSON has neither infinity nor NaN.
    private static func finite(_ value: Float?) -> Double? {
        guard let value, value.isFinite else { return nil }
        guard value != 0 else { return 0 }
        let scale = pow(10, 5 - log10(abs(Double(value))).rounded(.up))
        return scale.isFinite ? (Double(value) * scale).rounded() / scale : 0
    }
}
