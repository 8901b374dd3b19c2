import Glibc

/// What a largest log evidence means.
public enum AnytimeP {
    /// The probability, at most, that an acceptable canary ever shows this much: e to the minus evidence. 0 below 1e-308.
    public static func value(maxLogE: Double) -> Double { exp(-max(0, maxLogE)) }

    /// The bar for a false-alarm probability (0 < falseAlarm < 1): 4.6 for 1 %, 6.9 for 0.1 %.
    public static func barLogE(falseAlarm: Double) -> Double { log(1 / falseAlarm) }
}
