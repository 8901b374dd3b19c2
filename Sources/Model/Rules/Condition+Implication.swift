extension Condition {
    /// Comparisons of parts of conditions before the answer is "not known".
    private static let budget = 10_000

    /// Whether `other` holds wherever this condition holds, as far as their forms show it.
    ///
    /// The values of the pools are not negative. False means "not shown": the answer is exact for conditions of one form whose
    /// numbers differ.
    public func implies(_ other: Condition) -> Bool {
        var left = Condition.budget
        return implies(other, &left)
    }

    private func implies(_ other: Condition, _ left: inout Int) -> Bool {
        left -= 1
        guard left > 0 else { return false }
        if self == other { return true }
        if case .or(let first, let second) = self {
            return first.implies(other, &left) && second.implies(other, &left)
        }
        if case .and(let first, let second) = other { return implies(first, &left) && implies(second, &left) }
        if case .and(let first, let second) = self, first.implies(other, &left) || second.implies(other, &left) {
            return true
        }
        if case .or(let first, let second) = other { return implies(first, &left) || implies(second, &left) }
        switch (self, other) {
        case (.not(let mine), .not(let others)): return others.implies(mine, &left)
        case (.compare(let a, let mine, let b), .compare(let c, let others, let d)):
            return Comparison.implies(Relation(a, mine, b), Relation(c, others, d))
        default: return false
        }
    }
}

/// A comparison of two terms.
private struct Relation {
    let left: Term
    let comparison: Condition.Comparison
    let right: Term

    init(_ left: Term, _ comparison: Condition.Comparison, _ right: Term) {
        (self.left, self.comparison, self.right) = (left, comparison, right)
    }

    /// With the larger side on the left; nil for a comparison without one.
    var larger: (high: Term, low: Term, isStrict: Bool)? {
        switch comparison {
        case .greater: (left, right, true)
        case .greaterOrEqual: (left, right, false)
        case .less: (right, left, true)
        case .lessOrEqual: (right, left, false)
        case .equal, .notEqual: nil
        }
    }
}

extension Condition.Comparison {
    /// `high > low` implies `high' > low'` where `high <= high'` and `low' <= low`.
    fileprivate static func implies(_ mine: Relation, _ others: Relation) -> Bool {
        guard let mine = mine.larger, let others = others.larger, mine.isStrict || !others.isStrict else {
            return false
        }
        return mine.high.isAtMost(others.high) && others.low.isAtMost(mine.low)
    }
}

extension Term {
    /// Whether this term is at most the other one for all values of the pools, as far as their forms show it.
    fileprivate func isAtMost(_ other: Term) -> Bool {
        if self == other { return true }
        switch (self, other) {
        case (.number(let mine), .number(let others)): return mine <= others
        case (.negate(let mine), .negate(let others)): return others.isAtMost(mine)
        case (.combine(let a, let mine, let b), .combine(let c, let others, let d)) where mine == others:
            switch mine {
            case .add: return a.isAtMost(c) && b.isAtMost(d)
            case .subtract: return a.isAtMost(c) && d.isAtMost(b)
            case .multiply: return a.isNotNegative && b.isNotNegative && a.isAtMost(c) && b.isAtMost(d)
            case .divide: return a.isNotNegative && d.isPositive && a.isAtMost(c) && d.isAtMost(b)
            }
        default: return false
        }
    }

    private var isNotNegative: Bool {
        switch self {
        case .number(let number): number >= 0
        case .value: true
        case .negate, .combine(_, .subtract, _): false
        case .combine(let left, _, let right): left.isNotNegative && right.isNotNegative
        }
    }

    private var isPositive: Bool { if case .number(let number) = self { number > 0 } else { false } }
}
