import Model
import Ports

/// Consul's service-splitter. The sidecars take a change over by themselves a little later; the read-back is the
/// configuration, the canary's traffic proves the rest.
///
/// Source: Consul's API documentation, `/v1/config`. Not tried on a running Consul; the answers in the tests are those of
/// the documentation.
struct ConsulDriver: RouterDriver {
    let capabilities = RouterCapabilities(
        readBack: .config, movesStickyClients: true, granularityBasisPoints: 1, keeps: .everything)
    let instances: [String]

    private let address: InstanceAddress
    private let api: RouterAPI
    private let plan: ConsulPlan

    init(plan: ConsulPlan, transport: any HTTPTransport, secrets: any SecretStore) throws(RouterPlanError) {
        address = try InstanceAddress(plan.address)
        try RouterName.check(plan.service, "service")
        for (name, side) in [("baseline", plan.baseline), ("canary", plan.canary)] {
            guard side.service != nil || side.subset != nil else {
                throw RouterPlanError("\(name) needs a subset, a service, or both")
            }
            try side.service.map { name throws(RouterPlanError) in try RouterName.check(name, "service") }
            try side.subset.map { name throws(RouterPlanError) in try RouterName.check(name, "subset") }
        }
        guard plan.baseline != plan.canary else { throw RouterPlanError("baseline and canary are the same split") }
        self.plan = plan
        instances = [address.name]
        api = RouterAPI(
            transport: transport, secrets: secrets, security: plan.security,
            literals: address.password.map { [$0] } ?? [])
    }

    func observe(timeoutMs: Int64) async -> [RouterObservation] {
        do throws(Refusal) {
            let entry = try await entry(Deadline(afterMs: timeoutMs))
            return [
                RouterObservation(
                    instance: address.name, canaryBasisPoints: try entry.share(), level: .config, revision: entry.index)
            ]
        } catch {
            return [.unread(address.name, level: .config, error.detail)]
        }
    }

    func plan(_ split: Split) -> [PlannedCall] {
        let percent = JSONNumber(Double(split.canaryBasisPoints) / 100).literal
        return [
            PlannedCall(instance: address.name, call: "GET \(address.name)\(entryPath)"),
            PlannedCall(
                instance: address.name,
                call: "PUT \(address.name)\(writePath)cas=<ModifyIndex> that entry with \(percent) % for the canary"),
        ]
    }

    func apply(_ split: Split, timeoutMs: Int64) async -> [RouterReceipt] {
        let deadline = Deadline(afterMs: timeoutMs)
        do throws(Refusal) {
            try await ConflictRetry.run(split, deadline: deadline) { isLast throws(Refusal) in
                let entry = try await entry(deadline)
                let isForced = isLast && split == .allBaseline
                try await put(entry.setting(split), index: isForced ? nil : entry.index, deadline)
            }
            return [RouterReceipt(instance: address.name, nil)]
        } catch {
            return [RouterReceipt(instance: address.name, error)]
        }
    }

    private var query: String {
        let scopes = [("dc", plan.datacenter), ("ns", plan.namespace), ("partition", plan.partition)]
        return scopes.compactMap { name, value in value.map { "\(name)=\(PercentEncoding.encode($0))" } }
            .joined(separator: "&")
    }

    private var entryPath: String {
        "/v1/config/service-splitter/\(PercentEncoding.encode(plan.service))\(query.isEmpty ? "" : "?\(query)")"
    }

    private var writePath: String { "/v1/config?\(query.isEmpty ? "" : "\(query)&")" }

    private func entry(_ deadline: Deadline) async throws(Refusal) -> SplitterEntry {
        let response = try await api.send(.init(url: address.url + entryPath), deadline: deadline)
        guard response.status != 404 else {
            throw Refusal(.rejected, "Consul has no service-splitter \(plan.service); write one with both splits first")
        }
        guard response.status == 200 else { throw api.refusal(response) }
        guard let document = try? JSONParser.parse(response.body) else {
            throw Refusal(.rejected, "the answer is not JSON: \(api.mask.clean(response.body))")
        }
        return try SplitterEntry(document, plan: plan)
    }

    private func put(_ entry: JSONValue, index: String?, _ deadline: Deadline) async throws(Refusal) {
        let path = index.map { "\(writePath)cas=\($0)" } ?? String(writePath.dropLast())
        let call = RouterAPI.Call(method: "PUT", url: address.url + path, body: entry.encoded, isChange: true)
        let response = try await api.send(call, deadline: deadline)
        guard response.status == 200 else { throw api.refusal(response) }
        // A compare-and-set that failed is a 200 as well.
        let said = PlainSpace.trim(String(decoding: response.body.prefix(100), as: UTF8.self))
        guard said == "true" else {
            let isConflict = said == "false"
            throw Refusal(
                isConflict ? .conflict : .rejected,
                isConflict
                    ? "another client changed the splitter at the same time" : "Consul answered \(api.mask.clean(said))"
            )
        }
    }
}
