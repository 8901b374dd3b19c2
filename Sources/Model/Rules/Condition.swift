/// A rule's condition, parsed. Its text form is specified in `docs/reference/conditions.md`.
///
/// Numbers are in base units: shares 0...1, seconds, requests per second.
public indirect enum Condition: Sendable, Equatable, Codable {
    public enum Comparison: String, Sendable, Equatable, Codable {
        case less = "<"
        case lessOrEqual = "<="
        case greater = ">"
        case greaterOrEqual = ">="
        case equal = "=="
        case notEqual = "!="
    }

    case compare(Term, Comparison, Term)
    case and(Condition, Condition)
    case or(Condition, Condition)
    case not(Condition)
}

/// A number inside a condition.
public indirect enum Term: Sendable, Equatable, Codable {
    public enum Operation: String, Sendable, Equatable, Codable {
        case add = "+"
        case subtract = "-"
        case multiply = "*"
        case divide = "/"
    }

    case number(Double)
    /// The rule's indicator in that pool, over the rule's window.
    case value(Pool)
    case negate(Term)
    case combine(Term, Operation, Term)
}
