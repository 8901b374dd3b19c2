/// Whether the bucket bounds of the two pools look like the same latencies in different units, such as seconds and
/// milliseconds. Bounds arrive in seconds, by the release's unit; one pool's exporter may have changed its own.
enum UnitDoubt {
    /// Seconds to milliseconds, microseconds, nanoseconds.
    private static let factors = [1e3, 1e6, 1e9]
    /// Two sets of bounds whose smallest and largest bounds are so many times apart measure different things.
    private static let farApart = 100.0

    /// What to change; nil when the units do not visibly differ, or when a pool has no finite bound.
    ///
    /// - Parameters: the sets of bounds of each pool's histograms, seconds.
    static func text(_ baseline: [[Double]], _ canary: [[Double]]) -> String? {
        let (first, second) = (finite(baseline), finite(canary))
        guard !first.isEmpty, !second.isEmpty, first != second else { return nil }
        let mayDiffer = isScaled(first, second) || isScaled(second, first) || isFarApart(first, second)
        guard mayDiffer else { return nil }
        return "the latency bounds of the two pools differ by a factor of a thousand or so (baseline:"
            + " \(LatencyBounds.text(baseline)); canary: \(LatencyBounds.text(canary))), so their units seem to differ:"
            + " expose both in the same unit"
    }

    private static func finite(_ layouts: [[Double]]) -> [Double] {
        layouts.joined().filter { $0.isFinite && $0 > 0 }.sorted().reduce(into: []) {
            if $0.last != $1 { $0.append($1) }
        }
    }

    /// Multiplied by one of the factors, at least two and at least half of the smaller bounds are among the larger
    /// ones, and more than are so without a conversion.
    private static func isScaled(_ small: [Double], _ large: [Double]) -> Bool {
        func shared(_ factor: Double) -> Int {
            small.count { one in large.contains { abs($0 - one * factor) <= $0 * 1e-6 } }
        }
        let asTheyAre = shared(1)
        let needed = max(2, (min(small.count, large.count) + 1) / 2)
        return factors.contains { shared($0) >= max(needed, asTheyAre + 1) }
    }

    private static func isFarApart(_ first: [Double], _ second: [Double]) -> Bool {
        let (small, large) = first[0] < second[0] ? (first, second) : (second, first)
        return large[0] >= farApart * small[0] && large[large.count - 1] >= farApart * small[small.count - 1]
    }
}
