import Model

/// Where the releases and the units of a plan are, by their names. It is asked for one name at a time: the order of a
/// dictionary decides nothing.
struct PlanPlaces: Sendable, Equatable {
    /// Up to so many releases are found faster by comparing names than by hashing one.
    private static let fewReleases = 8

    private let names: [String]
    private var releases: [String: Int] = [:]
    private var units: [String: Int] = [:]

    init(_ plan: Plan) {
        names = plan.releases.map(\.name)
        releases.reserveCapacity(plan.releases.count)
        for index in plan.releases.indices {
            let name = plan.releases[index].name
            if releases[name] == nil { releases[name] = index }
            // Units are in the order of their first parts.
            if let unit = plan.releases[index].part?.unit, units[unit] == nil { units[unit] = units.count }
        }
    }

    /// The index of a release; nil for one that is not in the plan.
    func release(_ name: String) -> Int? {
        names.count <= PlanPlaces.fewReleases ? names.firstIndex(of: name) : releases[name]
    }

    /// The index of a unit; nil for one that is not in the plan.
    func unit(_ name: String) -> Int? { units[name] }
}
