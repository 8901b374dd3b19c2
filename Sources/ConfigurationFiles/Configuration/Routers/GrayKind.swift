import Model

/// Rollguard's own router.
enum GrayKind: RouterKind {
    static let name = "gray"

    typealias Settings = GrayRouterPlan

    static func section(_ context: RouterContext) -> Section<GrayRouterPlan> {
        Section(
            owner: "a gray router", blank: GrayRouterPlan(instances: []),
            settings: [
                .required("instances", \.instances, .instances, "admin addresses, one per instance of the router")
            ] + Setting.security(\.security, context.folder))
    }

    static func plan(_ settings: GrayRouterPlan) -> RouterPlan? { .gray(settings) }

    static func settings(_ plan: RouterPlan) -> GrayRouterPlan? {
        if case .gray(let settings) = plan { settings } else { nil }
    }
}
