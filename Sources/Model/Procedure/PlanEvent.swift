/// An event that a step of a plan publishes by a receiver (`kind: event`).
public struct PlanEvent: Sendable, Equatable {
    /// The step's key: the same over every try and restart.
    public var id: String
    public var release: String
    public var incident: String
    public var step: String
    public var baselineVersion: String
    public var canaryVersion: String
    /// Milliseconds since the epoch.
    public var atWallMs: Int64

    public init(
        id: String, release: String, incident: String, step: String, baselineVersion: String, canaryVersion: String,
        atWallMs: Int64
    ) {
        self.id = id
        self.release = release
        self.incident = incident
        self.step = step
        self.baselineVersion = baselineVersion
        self.canaryVersion = canaryVersion
        self.atWallMs = atWallMs
    }
}
