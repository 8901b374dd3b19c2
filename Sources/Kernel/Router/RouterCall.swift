/// A call to the router that has not been answered.
struct RouterCall: Sendable, Equatable {
    let number: Int
    /// Past it the call counts as lost; drivers have shorter limits of their own.
    let expiresUptimeMs: Int64
}
