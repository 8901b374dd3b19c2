import Model

/// Whether a condition can hold for any values that its indicator can have.
///
/// The condition is written as alternatives of linear inequalities in the baseline's and the canary's value, and each
/// alternative is decided by eliminating first the one, then the other (Fourier and Motzkin). What is not linear, such as
/// `canary / baseline > 2`, is taken for possible, and so is a condition with too many alternatives: the answer is never
/// wrongly "no".
struct ConditionFeasibility {
    /// `baseline * b + canary * c + constant`, which has to be above 0, or at least 0.
    struct Inequality {
        var b: Double
        var c: Double
        var constant: Double
        var isStrict: Bool
    }

    private static let alternativeLimit = 64
    private static let inequalityLimit = 40

    static func canHold(_ condition: Condition, of indicator: Indicator) -> Bool {
        guard let alternatives = alternatives(condition, isTrue: true) else { return true }
        return alternatives.contains { $0.count > inequalityLimit || isFeasible($0 + domain(of: indicator)) }
    }

    /// No value is negative but a gauge's, and a share of requests is at most 1.
    private static func domain(of indicator: Indicator) -> [Inequality] {
        if case .own(let own) = indicator, case .gauge = own.formula { return [] }
        let positive = [
            Inequality(b: 1, c: 0, constant: 0, isStrict: false), Inequality(b: 0, c: 1, constant: 0, isStrict: false),
        ]
        guard indicator == .errorRate else { return positive }
        return positive + [
            Inequality(b: -1, c: 0, constant: 1, isStrict: false),
            Inequality(b: 0, c: -1, constant: 1, isStrict: false),
        ]
    }

    // MARK: Alternatives

    /// Nil when there are too many.
    private static func alternatives(_ condition: Condition, isTrue: Bool) -> [[Inequality]]? {
        switch condition {
        case .not(let inner): return alternatives(inner, isTrue: !isTrue)
        case .compare(let left, let comparison, let right):
            return self.comparison(left, isTrue ? comparison : comparison.opposite, right)
        case .and(let left, let right), .or(let left, let right):
            guard let first = alternatives(left, isTrue: isTrue), let second = alternatives(right, isTrue: isTrue)
            else {
                return nil
            }
            var isBoth = isTrue
            if case .or = condition { isBoth.toggle() }
            let joined = isBoth ? first.flatMap { one in second.map { one + $0 } } : first + second
            return joined.count <= alternativeLimit ? joined : nil
        }
    }

    private static func comparison(_ left: Term, _ sign: Condition.Comparison, _ right: Term) -> [[Inequality]] {
        guard let first = Linear(left), let second = Linear(right) else { return [[]] }
        let above = first.minus(second)
        let below = second.minus(first)
        switch sign {
        case .greater: return [[above.inequality(isStrict: true)]]
        case .greaterOrEqual: return [[above.inequality(isStrict: false)]]
        case .less: return [[below.inequality(isStrict: true)]]
        case .lessOrEqual: return [[below.inequality(isStrict: false)]]
        case .equal: return [[above.inequality(isStrict: false), below.inequality(isStrict: false)]]
        case .notEqual: return [[above.inequality(isStrict: true)], [below.inequality(isStrict: true)]]
        }
    }

    // MARK: Elimination

    private static func isFeasible(_ all: [Inequality]) -> Bool {
        let withoutCanary = eliminating(all, \.c)
        return eliminating(withoutCanary, \.b).allSatisfy { $0.isStrict ? $0.constant > 0 : $0.constant >= -1e-12 }
    }

    /// Every upper bound of a value lies above every lower one.
    private static func eliminating(_ all: [Inequality], _ value: KeyPath<Inequality, Double>) -> [Inequality] {
        let lower = all.filter { $0[keyPath: value] > 0 }
        let upper = all.filter { $0[keyPath: value] < 0 }
        let pairs = lower.flatMap { low in
            upper.map { up in
                let (weight, other) = (-up[keyPath: value], low[keyPath: value])
                return Inequality(
                    b: low.b * weight + up.b * other, c: low.c * weight + up.c * other,
                    constant: low.constant * weight + up.constant * other, isStrict: low.isStrict || up.isStrict)
            }
        }
        return all.filter { $0[keyPath: value] == 0 } + pairs
    }
}

/// `baseline * b + canary * c + constant`.
private struct Linear {
    var b = 0.0
    var c = 0.0
    var constant = 0.0

    /// Nil for a term that is not linear.
    init?(_ term: Term) {
        switch term {
        case .number(let number): constant = number
        case .value(let pool): if pool == .baseline { b = 1 } else { c = 1 }
        case .negate(let inner):
            guard let inner = Linear(inner) else { return nil }
            self = inner.times(-1)
        case .combine(let left, let operation, let right):
            guard let first = Linear(left), let second = Linear(right),
                let result = first.combined(operation, second), result.isFinite
            else { return nil }
            self = result
        }
    }

    private init(b: Double, c: Double, constant: Double) { (self.b, self.c, self.constant) = (b, c, constant) }

    private var isConstant: Bool { b == 0 && c == 0 }
    private var isFinite: Bool { b.isFinite && c.isFinite && constant.isFinite }

    private func combined(_ operation: Term.Operation, _ other: Linear) -> Linear? {
        switch operation {
        case .add: return minus(other.times(-1))
        case .subtract: return minus(other)
        case .multiply:
            if isConstant { return other.times(constant) }
            return other.isConstant ? times(other.constant) : nil
        case .divide: return other.isConstant && other.constant != 0 ? times(1 / other.constant) : nil
        }
    }

    private func times(_ factor: Double) -> Linear { Linear(b: b * factor, c: c * factor, constant: constant * factor) }

    func minus(_ other: Linear) -> Linear {
        Linear(b: b - other.b, c: c - other.c, constant: constant - other.constant)
    }

    func inequality(isStrict: Bool) -> ConditionFeasibility.Inequality {
        .init(b: b, c: c, constant: constant, isStrict: isStrict)
    }
}

extension Condition.Comparison {
    fileprivate var opposite: Condition.Comparison {
        switch self {
        case .less: .greaterOrEqual
        case .lessOrEqual: .greater
        case .greater: .lessOrEqual
        case .greaterOrEqual: .less
        case .equal: .notEqual
        case .notEqual: .equal
        }
    }
}
