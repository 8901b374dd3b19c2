import Model
import Ports

/// Traefik by the weights of a `weighted` service, wherever they are kept; read back from the API of each Traefik,
/// which shows what it has loaded.
struct TraefikDriver: RouterDriver {
    let capabilities: RouterCapabilities
    let instances: [String]

    private let addresses: [InstanceAddress]
    private let api: RouterAPI
    private let store: any TraefikStore
    private let plan: TraefikPlan

    init(
        plan: TraefikPlan, transport: any HTTPTransport, secrets: any SecretStore
    ) throws(RouterPlanError) {
        addresses = try InstanceAddress.all(plan.instances)
        try RouterName.check(plan.service, "service")
        try plan.services.check("service")
        try WeightPair.check(total: plan.total)
        api = RouterAPI(
            transport: transport, secrets: secrets, security: plan.security, literals: addresses.compactMap(\.password)
        )
        store = try TraefikDriver.store(plan, transport, secrets)
        self.plan = plan
        instances = addresses.map(\.name)
        capabilities = RouterCapabilities(
            readBack: .loaded, movesStickyClients: true,
            granularityBasisPoints: WeightPair.granularityBasisPoints(total: plan.total), growth: .perRequest,
            keeps: .everything)
    }

    private static func store(
        _ plan: TraefikPlan, _ transport: any HTTPTransport, _ secrets: any SecretStore
    ) throws(RouterPlanError) -> any TraefikStore {
        func file(_ path: String) throws(RouterPlanError) -> WeightedFile {
            try WeightedFile(path: path, place: .weightedService(plan.service), pools: plan.services)
        }
        func prefix(_ rootKey: String) throws(RouterPlanError) -> String {
            guard (1...200).contains(rootKey.utf8.count), HeaderRules.isValue(rootKey) else {
                throw RouterPlanError("the root key \"\(ShownText.line(rootKey, limit: 80))\" is no key")
            }
            return "\(rootKey)/http/services/\(plan.service)/weighted/services/"
        }
        switch plan.source {
        case .file(let path): return TraefikFileStore(file: try file(path))
        case .pull(let pull):
            let seat = PullServers.shared.seat(host: pull.host, port: pull.port)
            return TraefikPullStore(file: try file(pull.file), seat: seat)
        case .etcd(let access, let rootKey):
            let client = try EtcdClient(access, transport: transport, secrets: secrets)
            return TraefikEtcdStore(client: client, prefix: try prefix(rootKey), pools: plan.services)
        case .redis(let access, let rootKey):
            let client = try RedisClient(access, secrets: secrets)
            return TraefikRedisStore(client: client, prefix: try prefix(rootKey), pools: plan.services)
        }
    }

    func observe(timeoutMs: Int64) async -> [RouterObservation] {
        var closed: String?
        do throws(Refusal) { try await store.open() } catch { closed = error.detail }
        let problem = closed
        return await EachInstance.run(addresses) { address in
            let deadline = Deadline(afterMs: timeoutMs)
            do throws(Refusal) {
                var seen = try await read(address, deadline)
                seen.baselineHealthy = await baselineHealth(address, deadline)
                return seen.refusingChanges(because: problem)
            } catch {
                return .unread(address.name, level: .loaded, problem ?? error.detail)
            }
        }
    }

    func plan(_ split: Split) -> [PlannedCall] {
        let call = store.shown(WeightPair(split, total: plan.total))
        return instances.map { PlannedCall(instance: $0, call: call) }
    }

    func apply(_ split: Split, timeoutMs: Int64) async -> [RouterReceipt] {
        let deadline = Deadline(afterMs: timeoutMs)
        let weights = WeightPair(split, total: plan.total)
        do throws(Refusal) {
            try await store.set(weights, split: split, deadline: deadline)
        } catch {
            return instances.map { RouterReceipt(instance: $0, error) }
        }
        let wanted = Share.basisPoints(canary: Double(weights.canary), baseline: Double(weights.baseline))
        return await EachInstance.run(addresses) { address in
            let doubt = await Propagation.wait(deadline: deadline) { () throws(Refusal) in
                try await read(address, deadline).canaryBasisPoints == wanted
            }
            return RouterReceipt(instance: address.name, doubt)
        }
    }

    // MARK: The API

    /// Source: Traefik's manual, "API & Dashboard", `/api/http/services/{name}`.
    private func service(
        _ name: String, _ address: InstanceAddress, _ deadline: Deadline
    ) async throws(Refusal) -> JSONValue {
        let whole = name.contains("@") ? name : "\(name)@\(plan.provider)"
        let escaped = whole.split(separator: "@", omittingEmptySubsequences: false)
            .map { PercentEncoding.encode(String($0)) }.joined(separator: "@")
        let call = RouterAPI.Call(url: "\(address.url)/api/http/services/\(escaped)")
        let response = try await api.send(call, deadline: deadline)
        guard response.status != 404 else {
            throw Refusal(
                .rejected,
                "this Traefik has no service \(whole) (or no API): it has not loaded it, or the name differs")
        }
        guard response.status == 200 else { throw api.refusal(response) }
        do {
            return try JSONParser.parse(response.body)
        } catch {
            throw Refusal(.rejected, "the answer is not JSON: \(api.mask.clean(response.body))")
        }
    }

    private func read(_ address: InstanceAddress, _ deadline: Deadline) async throws(Refusal) -> RouterObservation {
        let service = try await service(plan.service, address, deadline)
        let status = service["status"]?.text ?? "missing"
        guard status != "disabled" else {
            let errors = service["error"]?.items.compactMap(\.text).joined(separator: "; ") ?? ""
            throw Refusal(
                .rejected, "Traefik has disabled \(plan.service), so its clients get 404: \(api.mask.clean(errors))")
        }
        guard let entries = service[path: "weighted", "services"]?.items else {
            throw Refusal(.rejected, "\(plan.service)@\(plan.provider) is no weighted service")
        }
        var canary: Double?
        var hasBaseline = false
        var sum = 0.0
        for entry in entries {
            // Traefik's default weight is 1.
            let weight = entry["weight"]?.numeric?.value ?? 1
            sum += weight
            if entry["name"]?.text == plan.services.canary { canary = (canary ?? 0) + weight }
            if entry["name"]?.text == plan.services.baseline { hasBaseline = true }
        }
        guard let canary, hasBaseline else {
            let names = entries.compactMap { $0["name"]?.text }.joined(separator: ", ")
            let missing = hasBaseline ? plan.services.canary : plan.services.baseline
            throw Refusal(.rejected, "\(plan.service) has no \(missing) in it; there are \(api.mask.clean(names))")
        }
        guard let share = Share.basisPoints(canary: canary, baseline: sum - canary) else {
            throw Refusal(.rejected, "the weights of \(plan.service) are no split (all 0, or one below 0)")
        }
        return RouterObservation(instance: address.name, canaryBasisPoints: share, level: .loaded)
    }

    /// Whether any server of the baseline is up; a server without a health check counts as up.
    private func baselineHealth(_ address: InstanceAddress, _ deadline: Deadline) async -> Bool? {
        guard let service = try? await service(plan.services.baseline, address, deadline) else { return nil }
        guard service["status"]?.text != "disabled" else { return false }
        guard case .object(let servers)? = service["serverStatus"], !servers.isEmpty else { return nil }
        return servers.contains { $0.value.text == "UP" }
    }
}
