/// The rule's indicator in both pools; nil where a pool has no value.
package struct IndicatorValues: Sendable, Equatable {
    package var baseline: Double?
    package var canary: Double?

    package init(baseline: Double? = nil, canary: Double? = nil) {
        self.baseline = baseline
        self.canary = canary
    }

    package subscript(pool: Pool) -> Double? { pool == .baseline ? baseline : canary }
}

extension Condition {
    /// Whether the condition holds; nil when a value that decides is missing.
    ///
    /// Three-valued (Kleene): `false and unknown` is false, `true or unknown` is true, so a missing baseline does not hide
    /// what the canary's own value already decides.
    package func holds(_ values: IndicatorValues) -> Bool? {
        switch self {
        case .compare(let left, let comparison, let right):
            guard let left = left.value(values), let right = right.value(values) else { return nil }
            return comparison.holds(left, right)
        case .and(let left, let right):
            let (first, second) = (left.holds(values), right.holds(values))
            if first == false || second == false { return false }
            return first == nil || second == nil ? nil : true
        case .or(let left, let right):
            let (first, second) = (left.holds(values), right.holds(values))
            if first == true || second == true { return true }
            return first == nil || second == nil ? nil : false
        case .not(let inner):
            return inner.holds(values).map { !$0 }
        }
    }

    /// Whether the pool's value appears in it.
    public func mentions(_ pool: Pool) -> Bool {
        switch self {
        case .compare(let left, _, let right): left.mentions(pool) || right.mentions(pool)
        case .and(let left, let right), .or(let left, let right): left.mentions(pool) || right.mentions(pool)
        case .not(let inner): inner.mentions(pool)
        }
    }
}

extension Condition.Comparison {
    fileprivate func holds(_ left: Double, _ right: Double) -> Bool {
        switch self {
        case .less: left < right
        case .lessOrEqual: left <= right
        case .greater: left > right
        case .greaterOrEqual: left >= right
        case .equal: left == right
        case .notEqual: left != right
        }
    }
}

extension Term {
    /// Nil when a value is missing or the result is no finite number (a division by zero).
    func value(_ values: IndicatorValues) -> Double? {
        switch self {
        case .number(let number): number
        case .value(let pool): values[pool]
        case .negate(let inner): inner.value(values).map { -$0 }
        case .combine(let left, let operation, let right):
            left.value(values).flatMap { first in
                right.value(values).flatMap { second in operation.apply(first, second) }
            }
        }
    }

    fileprivate func mentions(_ pool: Pool) -> Bool {
        switch self {
        case .number: false
        case .value(let named): named == pool
        case .negate(let inner): inner.mentions(pool)
        case .combine(let left, _, let right): left.mentions(pool) || right.mentions(pool)
        }
    }
}

extension Term.Operation {
    fileprivate func apply(_ left: Double, _ right: Double) -> Double? {
        let result =
            switch self {
            case .add: left + right
            case .subtract: left - right
            case .multiply: left * right
            case .divide: left / right
            }
        return result.isFinite ? result : nil
    }
}
