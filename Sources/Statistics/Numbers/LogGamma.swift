import Glibc

/// log Γ(x) for x > 0, by `lgamma_r`: plain `lgamma` writes a global and would be a race.
func logGamma(_ x: Double) -> Double {
    var sign: Int32 = 0
    return lgamma_r(x, &sign)
}
