/// A release's place in a unit: several services that are led as one rollout. Each part is a release of its own, with its own
/// places, router and rules; its name is `unit.part`.
public struct PartPlan: Sendable, Equatable, Codable {
    /// The unit's name: orders are given to it.
    public var unit: String
    /// The part's own name, unique in its unit.
    public var name: String
    /// A step calls rank 0 first, and then the next ones; a rollback goes the other way. Ranks of a unit have no gaps.
    public var rank: Int
    /// The first part of the unit: it alone asks for approvals and for the answers of webhook gates.
    public var isLead: Bool

    public init(unit: String, name: String, rank: Int, isLead: Bool) {
        self.unit = unit
        self.name = name
        self.rank = rank
        self.isLead = isLead
    }
}

extension ReleasePlan {
    /// What orders call the release: the unit's name for a part of one.
    public var orderName: String { part?.unit ?? name }
}

extension Plan {
    /// The names of the plan's units, in the order of their first parts.
    public var units: [String] {
        var units: [String] = []
        for unit in releases.compactMap({ $0.part?.unit }) where !units.contains(unit) { units.append(unit) }
        return units
    }

    /// The parts of a unit, in the plan's order; empty for a name that is no unit's.
    public func parts(ofUnit unit: String) -> [ReleasePlan] { releases.filter { $0.part?.unit == unit } }
}
