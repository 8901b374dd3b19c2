import ReleaseKernel

/// Writes the router's part.
struct EffectiveRouter {
    typealias Members = [(String, YAMLTree)]

    let parent: EffectiveConfiguration

    func router(_ router: RouterPlan) -> YAMLTree {
        let rest: Members =
            switch router {
            case .gray(let gray): [("instances", texts(gray.instances))] + parent.security(gray.security)
            case .haproxy(let haproxy): [("sockets", texts(haproxy.sockets))] + mode(haproxy.mode)
            case .nginx(let nginx): self.nginx(nginx)
            case .caddy(let caddy): self.caddy(caddy)
            case .envoy(let envoy): self.envoy(envoy)
            case .traefik(let traefik): self.traefik(traefik)
            case .etcd(let etcd): self.etcd(etcd)
            case .consul(let consul): self.consul(consul)
            case .kubernetes(let kubernetes): self.kubernetes(kubernetes)
            case .http(let http): self.http(http)
            }
        return .mapping([("kind", .text(router.kind))] + rest)
    }

    private func mode(_ mode: HAProxyPlan.Mode) -> Members {
        switch mode {
        case .weights(let backend, let baseline, let canary, let sticky):
            [
                ("backend", .text(backend)),
                ("servers", .mapping([("baseline", texts(baseline)), ("canary", texts(canary))])),
                ("sticky", .plain("\(sticky)")),
            ]
        case .map(let file, let key): [("map", .mapping([("file", .text(file)), ("key", .text(key))]))]
        case .mapKeys(let file, let keys): [("map", .mapping([("file", .text(file)), ("keys", texts(keys))]))]
        }
    }

    private func http(_ router: HTTPRouterPlan) -> Members {
        var members: Members = [("instances", texts(router.instances))]
        if let socket = router.unixSocket { members.append(("unix_socket", .text(socket))) }
        members.append(("total", .plain("\(router.total)")))
        members += parent.pairs("variables", router.variables)
        members.append(("set", .list(router.set.map(step))))
        if let readBack = router.readBack {
            var parts: Members = [("steps", .list(readBack.steps.map(step))), ("canary", weight(readBack.canary))]
            if let baseline = readBack.baseline { parts.append(("baseline", weight(baseline))) }
            members.append(("read_back", .mapping(parts)))
        }
        return members + parent.security(router.security)
    }

    func weight(_ weight: HTTPRouterPlan.WeightPointer) -> YAMLTree {
        let then: Members = weight.then.map { [("then", .text($0))] } ?? []
        return .mapping([("pointer", .text(weight.pointer)), ("filters", texts(weight.filters))] + then)
    }

    private func step(_ step: HTTPRouterPlan.Step) -> YAMLTree {
        var members: Members = [("method", .text(step.method)), ("url", .text(step.url))]
        members += parent.pairs("headers", step.headers)
        if let body = step.body { members.append(("body", self.body(body))) }
        members += [
            ("timeout", parent.ms(step.timeoutMs)), ("expect", numbers(step.expect)),
            ("conflict", numbers(step.conflict)),
        ]
        if let text = step.bodyEquals { members.append(("body_equals", .text(text))) }
        if !step.require.isEmpty { members.append(("require", .list(step.require.map(requirement)))) }
        if !step.capture.isEmpty { members.append(("capture", .mapping(step.capture.map(capture)))) }
        return .mapping(members)
    }

    private func requirement(_ requirement: HTTPRouterPlan.Requirement) -> YAMLTree {
        .mapping([
            ("pointer", .text(requirement.pointer)), ("filters", texts(requirement.filters)),
            ("equals", body(requirement.equals)), ("conflict", .plain("\(requirement.isConflict)")),
        ])
    }

    private func capture(_ capture: HTTPRouterPlan.Capture) -> (String, YAMLTree) {
        switch capture.origin {
        case .header(let name): (capture.variable, .mapping([("header", .text(name))]))
        case .pointer(let pointer): (capture.variable, .mapping([("pointer", .text(pointer))]))
        }
    }

    func body(_ body: HTTPRouterPlan.Body) -> YAMLTree {
        switch body {
        case .null: .plain("null")
        case .bool(let value): .plain("\(value)")
        case .number(let value): .plain(abs(value) < 1e15 ? EffectiveConfiguration.number(value) : "\(value)")
        case .text(let text): .text(text)
        case .list(let items): .list(items.map(self.body))
        case .object(let members): .mapping(members.map { ($0.name, self.body($0.value)) })
        }
    }

    func texts(_ texts: [String]) -> YAMLTree { .list(texts.map { .text($0) }) }

    private func numbers(_ numbers: [Int]) -> YAMLTree { .list(numbers.map { .plain("\($0)") }) }
}
