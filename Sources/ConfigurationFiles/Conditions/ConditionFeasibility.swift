import Declarations
import Model

/// Whether a condition can hold for any values that its indicator can have.
///
/// The condition is written as alternatives of linear inequalities in the baseline's and the canary's value, and each
/// alternative is decided by eliminating first the one, then the other (Fourier and Motzkin). What is not linear, such as
/// `canary / baseline > 2`, is decided by the ranges of its two sides, and a condition with too many alternatives is taken
/// for possible: the answer is never wrongly "no".
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

    private let values: TermRange

    private init(of indicator: Indicator) { values = Self.values(of: indicator) }

    static func canHold(_ condition: Condition, of indicator: Indicator) -> Bool {
        ConditionFeasibility(of: indicator).can(condition, beTrue: true)
    }

    /// Whether the condition holds for all values that it can be evaluated for, and there are such values.
    static func alwaysHolds(_ condition: Condition, of indicator: Indicator) -> Bool {
        let feasibility = ConditionFeasibility(of: indicator)
        return feasibility.can(condition, beTrue: true) && !feasibility.can(condition, beTrue: false)
    }

    /// Whether a part of the condition can never have a value, because it divides by a constant that is 0.
    static func dividesByZero(_ condition: Condition, of indicator: Indicator) -> Bool {
        switch condition {
        case .compare(let left, _, let right):
            return [left, right].contains { TermRange($0, values: values(of: indicator)) == nil }
        case .and(let left, let right), .or(let left, let right):
            return dividesByZero(left, of: indicator) || dividesByZero(right, of: indicator)
        case .not(let inner): return dividesByZero(inner, of: indicator)
        }
    }

    private func can(_ condition: Condition, beTrue: Bool) -> Bool {
        guard let alternatives = alternatives(condition, isTrue: beTrue) else { return true }
        return alternatives.contains { $0.count > Self.inequalityLimit || Self.isFeasible($0 + domain) }
    }

    /// No value is negative but a gauge's, and a share of requests is at most 1.
    private static func values(of indicator: Indicator) -> TermRange {
        if case .own(let own) = indicator, case .gauge = own.formula { return .everything }
        return TermRange(low: 0, high: indicator == .errorRate ? 1 : .infinity)
    }

    private var domain: [Inequality] {
        var domain: [Inequality] = []
        for (b, c) in [(1.0, 0.0), (0.0, 1.0)] {
            if values.low.isFinite { domain.append(Inequality(b: b, c: c, constant: -values.low, isStrict: false)) }
            if values.high.isFinite { domain.append(Inequality(b: -b, c: -c, constant: values.high, isStrict: false)) }
        }
        return domain
    }

    // MARK: Alternatives

    /// Nil when there are too many.
    private func alternatives(_ condition: Condition, isTrue: Bool) -> [[Inequality]]? {
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
            return joined.count <= Self.alternativeLimit ? joined : nil
        }
    }

    private func comparison(_ left: Term, _ sign: Condition.Comparison, _ right: Term) -> [[Inequality]] {
        guard let first = Linear(left), let second = Linear(right) else {
            guard let low = TermRange(left, values: values), let high = TermRange(right, values: values) else {
                return []
            }
            return low.minus(high).canBe(sign) ? [[]] : []
        }
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
