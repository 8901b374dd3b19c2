import Declarations
import Model
import Ports

/// Caddy through its admin API.
enum CaddyKind: DrivenRouterKind {
    typealias Plan = CaddyPlan
    typealias Settings = CaddyPlan

    static func section(_ context: RouterContext) -> Section<CaddyPlan> {
        let id = ValueForm.line(limit: 200, "name").checked { id, field in
            if !RouterNames.isName(id) {
                field.fail("\(Quote.value(id)) is not a valid id; use letters, digits, '-', '_' and '.'")
            }
            return id
        }
        return Section(
            owner: "a caddy router", blank: CaddyPlan(instances: [], id: "", baseline: [], canary: []),
            settings: [
                .required("instances", \.instances, .instances, "admin addresses, one per instance"),
                .optional(
                    "unix_socket", \.unixSocket, .wholePath(context.folder, limit: 100), "connect through it instead"),
                .required("id", \.id, id, "the `@id` of the `reverse_proxy` handler"),
                .required(
                    "upstreams", \.upstreams, ServerLists.addresses(of: "addresses", field: "upstreams").form(),
                    "the `dial` addresses of the two versions"),
                .value(
                    "method", \.method, .choice(CaddyPlan.Method.self),
                    "`weights` for `weighted_round_robin` of Caddy 2.7 and later; `upstreams` for an older one, where "
                        + "an upstream that is listed more often gets more"),
            ] + Setting.security(\.security, context.folder))
    }

    static func driver(_ plan: CaddyPlan, _ setup: DriverSetup) throws(RouterPlanError) -> any RouterDriver {
        var plan = plan
        (plan.baseline, plan.canary) = setup.aim.sides(plan.baseline, plan.canary)
        return try CaddyDriver(plan: plan, transport: setup.transport, secrets: setup.secrets)
    }
}

extension CaddyPlan {
    var upstreams: ServerLists {
        get { ServerLists(baseline: baseline, canary: canary) }
        set { (baseline, canary) = (newValue.baseline, newValue.canary) }
    }
}
