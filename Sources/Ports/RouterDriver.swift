public import Model

/// Speaks to one release's router. Stateless: everything it knows is in its plan and its arguments.
///
/// What callers may rely on:
/// - `apply` is absolute and idempotent; repeating it is harmless.
/// - `observe` only reads, and reports what the router says it does, per instance; it never repeats what was asked.
/// - Every call ends within its timeout; one lost instance does not hold up the others.
/// - No text that comes out holds a secret.
public protocol RouterDriver: Sendable {
    /// What this kind of router can do; constant over the life of a driver.
    var capabilities: RouterCapabilities { get }
    /// The instances' names, from the plan, in order, unique.
    var instances: [String] { get }
    /// One result per instance, in the order of `instances`.
    func observe(timeoutMs: Int64) async -> [RouterObservation]
    /// The exact calls that `apply` would make, secrets masked. Does no I/O beyond reading.
    func plan(_ split: Split) -> [PlannedCall]
    /// Sets the split on every instance at once. One result per instance, in the order of `instances`.
    /// With a forced route, `allBaseline` closes it in the same call: test users of a version that is taken out would
    /// continue to count there.
    func apply(_ split: Split, timeoutMs: Int64) async -> [RouterReceipt]
    /// Opens or closes the route that leads test users to the canary at any share, on every instance at once. One result
    /// per instance, in the order of `instances`; all are `rejected` where the capabilities have no `forced`.
    func setForced(isOpen: Bool, timeoutMs: Int64) async -> [RouterReceipt]
}

extension RouterDriver {
    /// For drivers without a forced route.
    public func setForced(isOpen: Bool, timeoutMs: Int64) async -> [RouterReceipt] {
        instances.map {
            RouterReceipt(instance: $0, outcome: .rejected, detail: "no route for test users is configured")
        }
    }
}

/// One call that `apply` would make.
public struct PlannedCall: Sendable, Equatable, Codable {
    /// One of ``RouterDriver/instances``.
    public var instance: String
    /// `PUT http://127.0.0.1:9412/split {"canary_percent":0}` or `set server checkout/new1 weight 0`.
    public var call: String

    public init(instance: String, call: String) {
        self.instance = instance
        self.call = call
    }
}
