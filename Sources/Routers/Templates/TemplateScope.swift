import Model

/// What a template may ask for.
enum TemplateVariable: Sendable, Hashable {
    case weightCanary, weightBaseline
    case percentCanary, percentBaseline
    case basisPointsCanary, basisPointsBaseline
    case release, versionCanary, versionBaseline, instance
    /// `var.NAME`: one of the plan's variables.
    case named(String)
    /// Taken out of an earlier step's answer.
    case captured(String)

    static let known: [String: TemplateVariable] = [
        "weight.canary": .weightCanary, "weight.baseline": .weightBaseline,
        "percent.canary": .percentCanary, "percent.baseline": .percentBaseline,
        "basis_points.canary": .basisPointsCanary, "basis_points.baseline": .basisPointsBaseline,
        "release": .release, "version.canary": .versionCanary, "version.baseline": .versionBaseline,
        "instance": .instance,
    ]

    /// Has a value only while a split is being set.
    var isOfSplit: Bool {
        switch self {
        case .weightCanary, .weightBaseline, .percentCanary, .percentBaseline, .basisPointsCanary, .basisPointsBaseline:
            true
        case .release, .versionCanary, .versionBaseline, .instance, .named, .captured: false
        }
    }
}

/// The names a template may use at its place in the plan.
struct TemplateNames: Sendable {
    var variables: Set<String>
    var captured: Set<String> = []
    /// False in a read-back, which asks without knowing what was set.
    var hasSplit: Bool

    func find(_ name: String) throws(RouterPlanError) -> TemplateVariable {
        if let variable = TemplateVariable.known[name] {
            guard hasSplit || !variable.isOfSplit else {
                throw RouterPlanError("\"${\(name)}\" has no value in a read-back, which does not know what was set")
            }
            return variable
        }
        if name.hasPrefix("var."), variables.contains(String(name.dropFirst(4))) {
            return .named(String(name.dropFirst(4)))
        }
        if captured.contains(name) { return .captured(name) }
        let known = TemplateVariable.known.filter { hasSplit || !$0.value.isOfSplit }.map(\.key).sorted()
        let all = known + variables.sorted().map { "var.\($0)" } + captured.sorted()
        throw RouterPlanError(
            "\"${\(ShownText.line(name, limit: 60))}\" is unknown here; there are \(all.prefix(40).joined(separator: ", "))"
        )
    }
}

/// The values at one moment, for one instance.
struct TemplateScope: Sendable {
    let release: String
    let baselineVersion: String
    let canaryVersion: String
    let variables: [String: String]
    let instance: String
    /// Nil in a read-back.
    let split: Split?
    /// 1...1 000 000, checked with the plan.
    let total: Int
    /// Templates name the sides of the settings, whichever of them carries the canary.
    let aim: RouterAim
    var captured: [String: JSONValue] = [:]
    /// For `plan`: captured values are not known yet and are shown as `<name>`.
    var isShown = false

    func value(_ variable: TemplateVariable) -> JSONValue {
        let split = split ?? .allBaseline
        let weights = WeightPair(split, total: total, aim: aim)
        let points = aim.share(split.canaryBasisPoints)
        switch variable {
        case .weightCanary: return .number(weights.canary)
        case .weightBaseline: return .number(weights.baseline)
        case .percentCanary: return .number(Double(points) / 100)
        case .percentBaseline: return .number(Double(10_000 - points) / 100)
        case .basisPointsCanary: return .number(points)
        case .basisPointsBaseline: return .number(10_000 - points)
        case .release: return .text(release)
        case .versionCanary: return .text(canaryVersion)
        case .versionBaseline: return .text(baselineVersion)
        case .instance: return .text(instance)
        case .named(let name): return .text(variables[name] ?? "")
        case .captured(let name): return captured[name] ?? .null
        }
    }
}
