/// What a service has counted since it started. Everything in its exposition follows from these two numbers.
public struct Traffic: Sendable, Equatable {
    public var requests: Double
    /// Failed ones among them.
    public var errors: Double

    public init(requests: Double, errors: Double) {
        self.requests = requests
        self.errors = errors
    }
}
