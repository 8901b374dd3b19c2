import Declarations
import Model
import Ports

/// Rollguard's own router.
enum GrayKind: DrivenRouterKind {
    typealias Plan = GrayRouterPlan
    typealias Settings = GrayRouterPlan

    static func section(_ context: RouterContext) -> Section<GrayRouterPlan> {
        Section(
            owner: "a gray router", blank: GrayRouterPlan(instances: []),
            settings: [
                .required("instances", \.instances, .instances, "admin addresses, one per instance of the router"),
                .value(
                    "forced", \.forced, .bool,
                    "the router's file has a [forced route](gray-router.md#test-users): a rollback closes it"),
            ] + Setting.security(\.security, context.folder))
    }

    static func driver(_ plan: GrayRouterPlan, _ setup: DriverSetup) throws(RouterPlanError) -> any RouterDriver {
        try GrayDriver(plan: plan, transport: setup.transport, secrets: setup.secrets, aim: setup.aim)
    }
}
