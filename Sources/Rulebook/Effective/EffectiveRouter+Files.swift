import ReleaseKernel

/// Writes nginx and Caddy.
extension EffectiveRouter {
    func caddy(_ caddy: CaddyPlan) -> Members {
        var members: Members = [("instances", texts(caddy.instances))]
        if let socket = caddy.unixSocket { members.append(("unix_socket", .text(socket))) }
        members += [
            ("id", .text(caddy.id)), ("upstreams", pools(caddy.baseline, caddy.canary)),
            ("method", .text(caddy.method.rawValue)),
        ]
        return members + parent.security(caddy.security)
    }

    func nginx(_ nginx: NginxPlan) -> Members {
        switch nginx {
        case .endpoint(let endpoint):
            [("instances", texts(endpoint.instances)), ("path", .text(endpoint.path))]
                + parent.security(endpoint.security)
        case .include(let include):
            [("includes", .list(include.instances.map(instance))), content(include.content)]
        }
    }

    private func instance(_ instance: NginxIncludePlan.Instance) -> YAMLTree {
        .mapping([
            ("include", .text(instance.file)), ("command", texts(instance.command)),
            ("state_url", .text(instance.stateURL)),
        ])
    }

    private func content(_ content: NginxIncludePlan.Content) -> (String, YAMLTree) {
        switch content {
        case .choices(let choices, let baseline, let canary):
            let list = choices.map { choice in
                YAMLTree.mapping([("variable", .text(choice.variable)), ("key", .text(choice.key))])
            }
            return (
                "split",
                .mapping([("choices", .list(list)), ("baseline", .text(baseline)), ("canary", .text(canary))])
            )
        case .upstream(let name, let baseline, let canary):
            return ("upstream", .mapping([("name", .text(name)), ("servers", pools(baseline, canary))]))
        }
    }

    private func pools(_ baseline: [String], _ canary: [String]) -> YAMLTree {
        .mapping([("baseline", texts(baseline)), ("canary", texts(canary))])
    }
}
