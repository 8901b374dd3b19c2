/// How far the `for` of a pending alert, or the `keep_firing_for` of a firing one, had come, so that a restart does not
/// start it over. Of a release only the newest list matters; a rule that is not in it is not pending.
public struct PendingAlert: Sendable, Equatable {
    /// The rule's name.
    public var rule: String
    /// The rule's condition and window when it was written: a rule that has been changed since starts over.
    public var condition: String
    public var windowMs: Int64
    /// Time between conclusive cycles in which the condition held, milliseconds. Downtime is not part of it.
    public var breachedMs: Int64
    public var activeSinceWallMs: Int64
    /// Of a firing alert: conclusive time in which the condition has not held, milliseconds. Nil for a pending one.
    public var healthyMs: Int64?

    public init(rule: String, condition: String, windowMs: Int64, breachedMs: Int64, activeSinceWallMs: Int64) {
        self.rule = rule
        self.condition = condition
        self.windowMs = windowMs
        self.breachedMs = breachedMs
        self.activeSinceWallMs = activeSinceWallMs
    }
}
