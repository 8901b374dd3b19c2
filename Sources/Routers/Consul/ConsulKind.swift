import Declarations
import Model
import Ports

/// Consul's `service-splitter`.
enum ConsulKind: DrivenRouterKind {
    typealias Plan = ConsulPlan
    typealias Settings = ConsulPlan

    static func section(_ context: RouterContext) -> Section<ConsulPlan> {
        let blank = ConsulPlan(address: "", service: "", baseline: .init(), canary: .init())
        return Section(
            owner: "a consul router", blank: blank,
            settings: [
                .required("address", \.address, .url(allowsQuery: false), "an agent or a server"),
                .required("service", \.service, .routerName, "name of the splitter"),
                .required("baseline", \.baseline, destination, "the split of the old version"),
                .required("canary", \.canary, destination, "the split of the new version"),
                .optional("datacenter", \.datacenter, .routerName, shownDefault: "the agent's", "the datacenter"),
                .optional("namespace", \.namespace, .routerName, "the namespace, of Consul Enterprise"),
                .optional("partition", \.partition, .routerName, "the partition, of Consul Enterprise"),
            ] + Setting.security(\.security, context.folder),
            hasSides: true,
            finish: { plan, fields in
                if plan.baseline == plan.canary {
                    fields["canary"]?.fail("'canary' is the same split as 'baseline'")
                }
                return true
            })
    }

    private static var destination: ValueForm<ConsulPlan.Destination> {
        Section(
            owner: "a split", blank: ConsulPlan.Destination(),
            settings: [
                .optional("service", \.service, .routerName, shownDefault: "this or `subset`", "a service"),
                .optional("subset", \.subset, .routerName, shownDefault: "this or `service`", "a subset of it"),
            ],
            finish: { destination, fields in
                if !fields.has("service"), !fields.has("subset") {
                    fields.fail("\(fields.owner) needs 'subset' or 'service'")
                }
                return destination != ConsulPlan.Destination()
            }
        ).form()
    }

    static func driver(_ plan: ConsulPlan, _ setup: DriverSetup) throws(RouterPlanError) -> any RouterDriver {
        var plan = plan
        (plan.baseline, plan.canary) = setup.aim.sides(plan.baseline, plan.canary)
        return try ConsulDriver(plan: plan, transport: setup.transport, secrets: setup.secrets)
    }
}
