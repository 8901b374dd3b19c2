import Model

/// An HTTPRoute or VirtualService as the API server gave it: where the two destinations' weights are.
struct RouteObject: Sendable, Equatable {
    /// A destination in a rule.
    struct Entry: Sendable, Equatable {
        /// JSON pointer of the entry: `/spec/rules/0/backendRefs/1`.
        let path: String
        /// What names it, to be tested in the patch: pointer and value.
        let guards: [Guard]
        let pool: Pool?
        let weight: Double
    }

    struct Guard: Sendable, Equatable {
        let path: String
        let value: String
    }

    let resourceVersion: String
    let generation: Double?
    /// The rules in which both pools are.
    let rules: [[Entry]]
    /// Rules that lead to the canary and not to the baseline, such as those for testers.
    let canaryOnly: Int
    /// Why no gateway has it in force; nil when one has, or when the kind does not report it.
    let unaccepted: String?

    init(_ document: JSONValue, route: KubernetesPlan.Route) throws(Refusal) {
        guard let version = document[path: "metadata", "resourceVersion"]?.text else {
            throw Refusal(.rejected, "the answer is no Kubernetes object")
        }
        resourceVersion = version
        generation = document[path: "metadata", "generation"]?.numeric?.value
        let all: [[Entry]] =
            switch route {
            case .httpRoute(let names): RouteObject.httpRules(document, names)
            case .virtualService(let baseline, let canary): RouteObject.istioRules(document, baseline, canary)
            }
        rules = all.filter { rule in rule.contains { $0.pool == .baseline } && rule.contains { $0.pool == .canary } }
        canaryOnly =
            all.filter { rule in
                rule.contains { $0.pool == .canary } && !rule.contains { $0.pool == .baseline }
            }.count
        if case .httpRoute = route {
            unaccepted = RouteObject.unaccepted(document, generation: generation)
        } else {
            unaccepted = nil
        }
        guard !rules.isEmpty else {
            let paths = all.flatMap { $0 }.flatMap(\.guards).map(\.value)
            let shown = paths.isEmpty ? "it leads nowhere" : "it leads to \(paths.joined(separator: ", "))"
            throw Refusal(.rejected, "no rule of it has both baseline and canary; \(ShownText.line(shown, limit: 300))")
        }
    }

    /// The canary's largest share in any rule with both.
    func share() throws(Refusal) -> Int {
        let shares = rules.map { rule in
            let canary = rule.filter { $0.pool == .canary }.reduce(0) { $0 + $1.weight }
            return Share.basisPoints(canary: canary, baseline: rule.reduce(0) { $0 + $1.weight } - canary)
        }
        guard let share = shares.compactMap({ $0 }).max(), !shares.contains(nil) else {
            throw Refusal(.rejected, "all weights of a rule are 0, so that it answers with errors")
        }
        return share
    }

    /// RFC 6902. `test` operations name each entry whose number is changed, because the list may have another order by
    /// now; `add` on a member that is there replaces it.
    ///
    /// - Parameter isConditional: also that the object is the one that was read.
    func patch(_ weights: WeightPair, isConditional: Bool) -> JSONValue {
        var operations: [JSONValue] = []
        func add(_ name: String, _ path: String, _ value: JSONValue) {
            operations.append(
                .object([
                    JSONMember(name: "op", value: .text(name)), JSONMember(name: "path", value: .text(path)),
                    JSONMember(name: "value", value: value),
                ]))
        }
        if isConditional { add("test", "/metadata/resourceVersion", .text(resourceVersion)) }
        let entries = rules.flatMap { $0 }.filter { $0.pool != nil }
        for entry in entries {
            for item in entry.guards { add("test", item.path, .text(item.value)) }
        }
        for entry in entries {
            add("add", entry.path + "/weight", .number(entry.pool == .canary ? weights.canary : weights.baseline))
        }
        return .list(operations)
    }

    // MARK: Reading

    /// Source: Gateway API, `HTTPRoute.spec.rules[].backendRefs[]`; the default weight is 1.
    private static func httpRules(_ document: JSONValue, _ names: PoolPair) -> [[Entry]] {
        (document[path: "spec", "rules"]?.items ?? []).enumerated().map { number, rule in
            (rule["backendRefs"]?.items ?? []).enumerated().map { index, reference in
                let path = "/spec/rules/\(number)/backendRefs/\(index)"
                let name = reference["name"]?.text ?? ""
                let pool: Pool? = name == names.canary ? .canary : name == names.baseline ? .baseline : nil
                return Entry(
                    path: path, guards: [Guard(path: path + "/name", value: name)], pool: pool,
                    weight: reference["weight"]?.numeric?.value ?? 1)
            }
        }
    }

    /// Source: Istio, `VirtualService.spec.http[].route[]`; a single destination without a weight gets everything.
    private static func istioRules(
        _ document: JSONValue, _ baseline: KubernetesPlan.Destination, _ canary: KubernetesPlan.Destination
    ) -> [[Entry]] {
        (document[path: "spec", "http"]?.items ?? []).enumerated().map { number, rule in
            let routes = rule["route"]?.items ?? []
            return routes.enumerated().map { index, route in
                let path = "/spec/http/\(number)/route/\(index)"
                let host = route[path: "destination", "host"]?.text ?? ""
                let subset = route[path: "destination", "subset"]?.text
                let found = KubernetesPlan.Destination(host: host, subset: subset)
                let pool: Pool? = found == canary ? .canary : found == baseline ? .baseline : nil
                let guards =
                    [Guard(path: path + "/destination/host", value: host)]
                    + (subset.map { [Guard(path: path + "/destination/subset", value: $0)] } ?? [])
                let weight = route["weight"]?.numeric?.value ?? (routes.count == 1 ? 100 : 0)
                return Entry(path: path, guards: guards, pool: pool, weight: weight)
            }
        }
    }

    /// Source: Gateway API, `RouteStatus`: `Accepted` with the `observedGeneration` of the object. All parents have to
    /// have taken it over.
    private static func unaccepted(_ document: JSONValue, generation: Double?) -> String? {
        let parents = document[path: "status", "parents"]?.items ?? []
        guard !parents.isEmpty else { return "no gateway has taken the route over (it has no status)" }
        for parent in parents {
            let name = parent[path: "parentRef", "name"]?.text ?? "a gateway"
            let condition = parent["conditions"]?.items.first { $0["type"]?.text == "Accepted" }
            guard let condition, condition["status"]?.text == "True" else {
                let reason = condition?["message"]?.text ?? condition?["reason"]?.text ?? "no reason given"
                return "\(name) does not accept the route: \(reason)"
            }
            let seen = condition["observedGeneration"]?.numeric?.value
            guard let generation, let seen, seen < generation else { continue }
            let (old, new) = (JSONNumber(seen).literal, JSONNumber(generation).literal)
            return "\(name) has not taken the route over yet: it is at generation \(old) of \(new)"
        }
        return nil
    }
}
