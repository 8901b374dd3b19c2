import Model

/// Where the releases and the units of a plan are, by their names. It is asked for one name at a time: the order of a
/// dictionary decides nothing.
struct PlanPlaces: Sendable, Equatable {
    private var releases: [String: Int] = [:]
    private var units: [String: Int] = [:]

    init(_ plan: Plan) {
        releases.reserveCapacity(plan.releases.count)
        for index in plan.releases.indices {
            let name = plan.releases[index].name
            if releases[name] == nil { releases[name] = index }
            // Units are in the order of their first parts.
            if let unit = plan.releases[index].part?.unit, units[unit] == nil { units[unit] = units.count }
        }
    }

    /// The index of a release; nil for one that is not in the plan.
    func release(_ name: String) -> Int? { releases[name] }

    /// The index of a unit; nil for one that is not in the plan.
    func unit(_ name: String) -> Int? { units[name] }
}
