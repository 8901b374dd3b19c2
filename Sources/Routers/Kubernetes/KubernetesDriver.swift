import Model
import Ports

/// A route object in Kubernetes: Gateway API's HTTPRoute, or Istio's VirtualService.
///
/// Changed by a JSON Patch whose `test` operations name what is changed. A merge patch would replace the whole list and
/// lose its other fields; server-side apply would fight with whoever owns the fields.
///
/// Not tried with a gateway or a mesh behind it; the answers in the tests are those of the API's documentation and of a
/// kube-apiserver.
struct KubernetesDriver: RouterDriver {
    let capabilities: RouterCapabilities
    let instances: [String]

    private let address: InstanceAddress
    private let api: RouterAPI
    private let plan: KubernetesPlan
    private let path: String

    init(plan: KubernetesPlan, transport: any HTTPTransport, secrets: any SecretStore) throws(RouterPlanError) {
        address = try InstanceAddress(plan.address)
        try WeightPair.check(total: plan.total)
        for (name, what) in [(plan.namespace, "namespace"), (plan.name, "name"), (plan.apiVersion, "API version")] {
            try RouterName.check(name, what)
        }
        let (group, resource) = KubernetesDriver.resource(plan.route)
        let parts = ["apis", group, plan.apiVersion, "namespaces", plan.namespace, resource, plan.name]
        path = "/" + parts.map(PercentEncoding.encode).joined(separator: "/")
        try KubernetesDriver.check(plan.route)
        self.plan = plan
        instances = ["\(resource)/\(plan.namespace)/\(plan.name)"]
        api = RouterAPI(
            transport: transport, secrets: secrets, security: plan.security,
            literals: address.password.map { [$0] } ?? [])
        let reportsStatus = if case .httpRoute = plan.route { true } else { false }
        capabilities = RouterCapabilities(
            readBack: reportsStatus ? .acked : .config, movesStickyClients: true,
            granularityBasisPoints: WeightPair.granularityBasisPoints(total: plan.total), keeps: .everything)
    }

    private static func resource(_ route: KubernetesPlan.Route) -> (group: String, resource: String) {
        switch route {
        case .httpRoute: ("gateway.networking.k8s.io", "httproutes")
        case .virtualService: ("networking.istio.io", "virtualservices")
        }
    }

    private static func check(_ route: KubernetesPlan.Route) throws(RouterPlanError) {
        switch route {
        case .httpRoute(let names): try names.check("backend")
        case .virtualService(let baseline, let canary):
            try RouterName.check(baseline.host, "host")
            try RouterName.check(canary.host, "host")
            guard baseline != canary else { throw RouterPlanError("baseline and canary are the same destination") }
        }
    }

    func observe(timeoutMs: Int64) async -> [RouterObservation] {
        let level = capabilities.readBack
        do throws(Refusal) {
            let object = try await object(Deadline(afterMs: timeoutMs))
            let share = try object.share()
            // The object is a request until the gateway has taken it over.
            if let reason = object.unaccepted {
                return [.unread(instances[0], level: level, reason)]
            }
            let problem =
                object.canaryOnly == 0
                ? nil : "\(object.canaryOnly) rules lead to the canary alone and are left as they are"
            return [
                RouterObservation(
                    instance: instances[0], canaryBasisPoints: share, level: level, revision: object.resourceVersion,
                    problem: problem)
            ]
        } catch {
            return [.unread(instances[0], level: level, error.detail)]
        }
    }

    func plan(_ split: Split) -> [PlannedCall] {
        let weights = WeightPair(split, total: plan.total)
        return [
            PlannedCall(instance: instances[0], call: "GET \(address.name)\(path)"),
            PlannedCall(
                instance: instances[0],
                call: "PATCH \(address.name)\(path) (JSON Patch, if the names are as they were read): weight "
                    + "\(weights.baseline) for the baseline, \(weights.canary) for the canary"),
        ]
    }

    func apply(_ split: Split, timeoutMs: Int64) async -> [RouterReceipt] {
        let deadline = Deadline(afterMs: timeoutMs)
        let weights = WeightPair(split, total: plan.total)
        // A rollback does not require that the object is unchanged, only that the names are.
        let isConditional = split != .allBaseline
        do throws(Refusal) {
            try await ConflictRetry.run(split, deadline: deadline) { _ throws(Refusal) in
                let object = try await object(deadline)
                try await patch(object.patch(weights, isConditional: isConditional), deadline)
            }
            return [RouterReceipt(instance: instances[0], nil)]
        } catch {
            return [RouterReceipt(instance: instances[0], error)]
        }
    }

    // MARK: Calls

    private func object(_ deadline: Deadline) async throws(Refusal) -> RouteObject {
        let response = try await api.send(.init(url: address.url + path), deadline: deadline)
        guard response.status == 200 else { throw refusal(response) }
        guard let document = try? JSONParser.parse(response.body) else {
            throw Refusal(.rejected, "the answer is not JSON: \(api.mask.clean(response.body))")
        }
        return try RouteObject(document, route: plan.route)
    }

    private func patch(_ patch: JSONValue, _ deadline: Deadline) async throws(Refusal) {
        let call = RouterAPI.Call(
            method: "PATCH", url: address.url + path, body: patch.encoded, contentType: "application/json-patch+json",
            isChange: true)
        let response = try await api.send(call, deadline: deadline)
        guard (200..<300).contains(response.status) else { throw refusal(response) }
    }

    /// The API server's `Status` object says why.
    private func refusal(_ response: HTTPResponse) -> Refusal {
        let status = try? JSONParser.parse(response.body)
        let said = api.mask.clean(
            status?["message"]?.text ?? String(decoding: response.body.prefix(500), as: UTF8.self))
        switch response.status {
        // A failed `test` has no reason of its own; "Invalid" is what the schema or a webhook says.
        case 422 where status?["reason"]?.text != "Invalid":
            return Refusal(.conflict, "422, a name or the object has changed meanwhile: \(said)")
        case 403:
            let resource = KubernetesDriver.resource(plan.route).resource
            return Refusal(
                .rejected, "403: \(said); the service account needs get and patch on \(resource) \(plan.name)")
        default: return Refusal.status(response.status, body: said, hasCredential: api.security.authorization != nil)
        }
    }
}
