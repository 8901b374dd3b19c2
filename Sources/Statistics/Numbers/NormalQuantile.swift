import Glibc

/// The standard normal distribution.
enum Normal {
    /// The probability that a standard normal variable exceeds this point.
    static func tail(above point: Double) -> Double { 0.5 * erfc(point / 2.0.squareRoot()) }

    /// The point that a standard normal variable exceeds with this probability (0 < tail < 1): 2.5758 for 0.005.
    ///
    /// Newton's method on `erfc` from a start that is never past the root; the upper half is enough, the lower mirrors it.
    static func upperPoint(tail: Double) -> Double {
        if tail > 0.5 { return -upperPoint(tail: 1 - tail) }
        guard tail > 0 else { return .infinity }
        // log of the tail is concave and smooth, so Newton on it converges from 0 for every tail.
        var point = 0.0
        let wanted = log(tail)
        for _ in 0..<60 {
            let share = 0.5 * erfc(point / 2.0.squareRoot())
            let density = exp(-point * point / 2) / (2 * Double.pi).squareRoot()
            let step = (log(share) - wanted) * share / density
            point += step
            if abs(step) < 1e-14 * max(1, point) { break }
        }
        return point
    }
}
