/// Which of a router's two sides carries the canary at present.
///
/// The settings of a router name two sides, `baseline` and `canary`, and never change. The roles of the two places of a
/// release do: a promotion makes the place that was the canary the baseline, without a call to the router. Callers of a
/// driver always speak of the present roles; the aim says which side of the settings each role is.
public enum RouterAim: String, Sendable, Equatable, CaseIterable {
    /// The settings' canary side carries the canary.
    case direct
    /// The settings' baseline side carries the canary.
    case turned

    /// Puts the two sides of the settings into the order of the roles, or the two roles into that of the settings.
    public func sides<Side>(_ baseline: Side, _ canary: Side) -> (baseline: Side, canary: Side) {
        self == .direct ? (baseline, canary) : (canary, baseline)
    }

    /// Turns a share of the settings' canary side into one of the canary, or back.
    ///
    /// - Parameter basisPoints: 0...10 000.
    public func share(_ basisPoints: Int) -> Int { self == .direct ? basisPoints : 10_000 - basisPoints }
}
