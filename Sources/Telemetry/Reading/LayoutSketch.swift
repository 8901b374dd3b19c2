/// Records the places of a scrape body's values while the body is read token by token, so that a ``ExpositionLayout`` can be
/// made of it.
struct LayoutSketch {
    struct Spot {
        let start: Int32
        let end: Int32
        /// The first sample of a series that a rule needs.
        let isWatched: Bool
    }

    private(set) var spots: [Spot] = []
    /// Every sample is a series, a value and nothing behind it. A timestamp or an exemplar is another number that
    /// moves.
    private(set) var isPlain = true
    private(set) var isOn = false

    /// - Parameter isOn: false takes nothing down.
    mutating func begin(isOn: Bool) {
        self.isOn = isOn
        isPlain = true
        spots.removeAll(keepingCapacity: true)
    }

    @inline(__always)
    mutating func add(_ sample: borrowing SampleSpot, isWatched: Bool) {
        guard isOn, isPlain else { return }
        isPlain = sample.timestampMs == nil && !sample.hasExemplar
        let (start, end) = (
            Int32(truncatingIfNeeded: sample.number.start), Int32(truncatingIfNeeded: sample.number.end)
        )
        spots.append(Spot(start: start, end: end, isWatched: isWatched))
    }
}

/// Room for work in one scrape body, used for one body after the other, of whatever target. Holds nothing between two
/// bodies.
public struct ReadingScratch: Sendable {
    /// Of the watched series, in the scrape body's order.
    var values: [Double] = []
    var sketch = LayoutSketch()

    /// Memory that it holds, about.
    public var byteCount: Int { values.capacity * 8 + sketch.spots.capacity * 12 }

    /// Takes no memory until a scrape body is read.
    public init() {}
}
