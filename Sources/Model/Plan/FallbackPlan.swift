/// A second router that takes over when a rollback on the first is not acknowledged in time.
public struct FallbackPlan: Sendable, Equatable {
    public var router: RouterPlan
    /// From the verdict to the take-over, when nothing was acknowledged until then.
    public var afterMs: Int64

    public init(router: RouterPlan, afterMs: Int64 = 10_000) {
        self.router = router
        self.afterMs = afterMs
    }
}
