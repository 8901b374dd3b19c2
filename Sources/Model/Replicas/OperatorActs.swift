/// What operators have ordered about messages, as one of several replicas knows it: its own orders and those that it learned
/// from others.
///
/// All times are by the wall clock of the replica that wrote it. Another one never compares them with its own clock: it takes
/// what was left of an order when this was written, and subtracts how old this is.
public struct OperatorActs: Sendable, Equatable {
    /// As many acknowledgements, and as many silences that were ended, are kept.
    public static let limit = 200

    /// The replica that wrote it.
    public var replica: String
    public var atWallMs: Int64
    /// In force.
    public var silences: [Silence] = []
    /// Ended by operators before their time. Kept until they would have ended by themselves, so that a replica that has not
    /// heard of it does not bring them back.
    public var ended: [EndedSilence] = []
    public var acknowledgements: [OperatorAcknowledgement] = []

    public init(replica: String, atWallMs: Int64) {
        self.replica = replica
        self.atWallMs = atWallMs
    }

    public var isEmpty: Bool { silences.isEmpty && ended.isEmpty && acknowledgements.isEmpty }
}

/// A silence that an operator ended.
public struct EndedSilence: Sendable, Equatable {
    public var id: String
    /// Until when it is remembered.
    public var untilWallMs: Int64

    public init(id: String, untilWallMs: Int64) {
        self.id = id
        self.untilWallMs = untilWallMs
    }
}

/// An operator took charge of an incident, a rollout, a release or a unit.
public struct OperatorAcknowledgement: Sendable, Equatable {
    /// A day: a replica that is back after that has nothing of it to escalate.
    public static let keptMs: Int64 = 86_400_000

    /// Unique among all replicas.
    public var id: String
    public var subject: String
    public var by: String
    public var reason: String
    /// Until when it is remembered.
    public var untilWallMs: Int64

    public init(id: String, subject: String, by: String, reason: String, untilWallMs: Int64) {
        self.id = id
        self.subject = subject
        self.by = by
        self.reason = reason
        self.untilWallMs = untilWallMs
    }
}
