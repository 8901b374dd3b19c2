import Glibc

/// Sums of numbers that are only known by their logarithms: evidence reaches e^1 000 000 000, which no `Double` holds.
enum LogDomain {
    /// log(e^left + e^right).
    static func sum(_ left: Double, _ right: Double) -> Double {
        if left == -.infinity { return right }
        if right == -.infinity { return left }
        let (larger, difference) = left >= right ? (left, right - left) : (right, left - right)
        return larger + log1p(exp(difference))
    }

    /// log of the sum of e^term, in the order of the terms; -infinity for none.
    static func sum(_ terms: some Sequence<Double>) -> Double {
        let largest = terms.reduce(-Double.infinity, Swift.max)
        guard largest > -.infinity else { return largest }
        return largest + log(terms.reduce(0) { $0 + exp($1 - largest) })
    }

    /// log, with -infinity for nothing and for the rounding errors below nothing.
    static func log(_ value: Double) -> Double { value > 0 ? Glibc.log(value) : -.infinity }
}
