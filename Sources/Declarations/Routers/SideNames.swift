/// What a release calls the two sides of a router's settings: its first place is `baseline` and its second one
/// `canary`. So `servers: {blue: […], green: […]}` is read like `servers: {baseline: […], canary: […]}`, which is read as
/// well.
package struct SideNames: Sendable, Equatable {
    /// Of the settings' baseline side.
    package let baseline: String
    /// Of the settings' canary side.
    package let canary: String

    package init(baseline: String, canary: String) {
        self.baseline = baseline
        self.canary = canary
    }

    /// The name of a field as people know it.
    func written(_ field: String) -> String {
        switch field {
        case "baseline": baseline
        case "canary": canary
        default: field
        }
    }

    /// A mapping with the fields' own names, each at its place.
    ///
    /// - Parameter known: the names of all fields. A place that is called like another field is not recognized there.
    /// - Returns: nil when the mapping uses the fields' own names.
    func renamed(_ members: [YAMLValue.Member], known: [String]) -> [YAMLValue.Member]? {
        let others = known.filter { $0 != "baseline" && $0 != "canary" }
        let names = [baseline: "baseline", canary: "canary"].filter { !others.contains($0.key) }
        let usesOwnNames = members.contains { ["baseline", "canary"].contains($0.name) && names[$0.name] == nil }
        guard !usesOwnNames, !names.isEmpty else { return nil }
        return members.map { member in
            YAMLValue.Member(name: names[member.name] ?? member.name, namePlace: member.namePlace, value: member.value)
        }
    }
}
