import Declarations
import Model
import Ports

/// A route object in Kubernetes: an HTTPRoute or a VirtualService.
enum KubernetesKind: DrivenRouterKind {
    typealias Plan = KubernetesPlan

    typealias Destination = KubernetesPlan.Destination

    struct Settings {
        var address = KubernetesPlan.inClusterAddress
        var namespace = ""
        var httpRoute: String?
        var virtualService: String?
        var baseline = Destination(host: "")
        var canary = Destination(host: "")
        var apiVersion = "v1"
        var total = 100
        var security = ClientSecurity()
    }

    private static let routes = ["http_route", "virtual_service"]

    static func section(_ context: RouterContext) -> Section<Settings> {
        Section(
            owner: "a kubernetes router", blank: Settings(),
            settings: object + [
                side("baseline", \.baseline, "the old version"), side("canary", \.canary, "the new version"),
                .value("api_version", \.apiVersion, .routerName, "version of the route's API"),
                .value("total", \.total, .integer(1...1_000_000), "the sum of the two weights"),
            ] + Setting.security(\.security, context.folder), exactlyOne: [routes],
            hasSides: true,
            finish: { settings, fields in
                takeMounted(&settings.security, fields)
                guard settings.baseline == settings.canary else { return true }
                fields["canary"]?.fail("'canary' leads to the same place as 'baseline'")
                return false
            })
    }

    private static var object: [Setting<Settings>] {
        [
            .value(
                "address", \.address, .url(allowsQuery: false),
                "the API server; without it the pod's own token and authority are used"),
            .required("namespace", \.namespace, .routerName, "namespace of the route"),
            .optional("http_route", \.httpRoute, .routerName, "an HTTPRoute of Gateway API"),
            .optional("virtual_service", \.virtualService, .routerName, "a VirtualService of Istio"),
        ]
    }

    /// Inside a pod both the token and the authority's certificate are mounted; elsewhere nothing is guessed.
    private static func takeMounted(_ security: inout ClientSecurity, _ fields: Fields) {
        guard !fields.has("address") else { return }
        let mounted = KubernetesPlan.inClusterSecurity
        if !fields.has("auth"), security.certificateFile == nil { security.authorization = mounted.authorization }
        if security.caFile == nil, !security.insecureSkipVerify { security.caFile = mounted.caFile }
    }

    // MARK: Destinations

    /// Which fields it has depends on the kind of route.
    private static func side(
        _ name: String, _ path: WritableKeyPath<Settings, Destination>, _ sentence: String
    ) -> Setting<Settings> {
        Setting(
            names: [name], summary: "mapping", shownDefault: .required,
            sentence: "\(sentence): `{service}` of an HTTPRoute, `{host, subset}` of a VirtualService",
            properties: [(name, .anyOf([service.schema, host.schema]))],
            read: { fields, settings in
                let present = routes.filter(fields.has)
                guard present.count == 1 else { return false }
                let section = present[0] == "http_route" ? service : host
                guard let field = fields.required(name) else { return false }
                return section.read(field, owner: "'\(name)'", into: &settings[keyPath: path])
            },
            write: { settings in
                let section = settings.httpRoute == nil ? host : service
                return [(name, section.tree(settings[keyPath: path]))]
            })
    }

    private static var service: Section<Destination> {
        Section(
            owner: "a destination", blank: Destination(host: ""),
            settings: [.required("service", \.host, .routerName, "name of the `backendRef`")])
    }

    private static var host: Section<Destination> {
        Section(
            owner: "a destination", blank: Destination(host: ""),
            settings: [
                .required("host", \.host, .routerName, "the destination's host"),
                .optional("subset", \.subset, .routerName, "its subset"),
            ])
    }

    // MARK: The plan

    static func plan(_ settings: Settings) -> KubernetesPlan? {
        guard let name = settings.httpRoute ?? settings.virtualService else { return nil }
        let route: KubernetesPlan.Route =
            settings.httpRoute == nil
            ? .virtualService(baseline: settings.baseline, canary: settings.canary)
            : .httpRoute(PoolPair(baseline: settings.baseline.host, canary: settings.canary.host))
        return KubernetesPlan(
            address: settings.address, namespace: settings.namespace, name: name, route: route,
            apiVersion: settings.apiVersion, total: settings.total, security: settings.security)
    }

    static func settings(_ plan: KubernetesPlan) -> Settings {
        var settings = Settings(
            address: plan.address, namespace: plan.namespace, apiVersion: plan.apiVersion, total: plan.total,
            security: plan.security)
        switch plan.route {
        case .httpRoute(let services):
            settings.httpRoute = plan.name
            settings.baseline = Destination(host: services.baseline)
            settings.canary = Destination(host: services.canary)
        case .virtualService(let baseline, let canary):
            settings.virtualService = plan.name
            (settings.baseline, settings.canary) = (baseline, canary)
        }
        return settings
    }

    static func driver(_ plan: KubernetesPlan, _ setup: DriverSetup) throws(RouterPlanError) -> any RouterDriver {
        var plan = plan
        switch plan.route {
        case .httpRoute(let names): plan.route = .httpRoute(names.aimed(setup.aim))
        case .virtualService(let baseline, let canary):
            let sides = setup.aim.sides(baseline, canary)
            plan.route = .virtualService(baseline: sides.baseline, canary: sides.canary)
        }
        return try KubernetesDriver(plan: plan, transport: setup.transport, secrets: setup.secrets)
    }
}
