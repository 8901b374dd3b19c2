import Model

/// An interval that holds every value that a term can have. It may be wider than need be, because it does not know that the
/// same value occurs twice.
struct TermRange: Equatable {
    var low: Double
    var high: Double

    static let everything = TermRange(low: -.infinity, high: .infinity)

    init(low: Double, high: Double) { (self.low, self.high) = (low, high) }

    /// - Parameter values: the range of a pool's value.
    /// - Returns: nil for a term that never has a value: it divides by 0.
    init?(_ term: Term, values: TermRange) {
        switch term {
        case .number(let number): self.init(low: number, high: number)
        case .value: self = values
        case .negate(let inner):
            guard let inner = TermRange(inner, values: values) else { return nil }
            self.init(low: -inner.high, high: -inner.low)
        case .combine(let left, let operation, let right):
            guard let first = TermRange(left, values: values), let second = TermRange(right, values: values),
                let result = first.combined(operation, second)
            else { return nil }
            self = result
        }
    }

    func minus(_ other: TermRange) -> TermRange { TermRange(low: low - other.high, high: high - other.low) }

    /// Whether a value of the range can be compared so with 0.
    func canBe(_ sign: Condition.Comparison) -> Bool {
        switch sign {
        case .greater: high > 0
        case .greaterOrEqual: high >= 0
        case .less: low < 0
        case .lessOrEqual: low <= 0
        case .equal: low <= 0 && high >= 0
        case .notEqual: low != 0 || high != 0
        }
    }

    private func combined(_ operation: Term.Operation, _ other: TermRange) -> TermRange? {
        switch operation {
        case .add: return TermRange(low: low + other.low, high: high + other.high)
        case .subtract: return minus(other)
        case .multiply: return times(other)
        case .divide: return other.reciprocal.map(times)
        }
    }

    private func times(_ other: TermRange) -> TermRange {
        let products = [low, high].flatMap { one in [other.low, other.high].map { one == 0 || $0 == 0 ? 0 : one * $0 } }
        return TermRange(low: products.min() ?? -.infinity, high: products.max() ?? .infinity)
    }

    /// Of the values but 0, because a quotient by 0 is no value; nil when there is no other.
    private var reciprocal: TermRange? {
        if low == 0, high == 0 { return nil }
        if low < 0, high > 0 { return .everything }
        return TermRange(low: high == 0 ? -.infinity : 1 / high, high: low == 0 ? .infinity : 1 / low)
    }
}
