import Routers

/// Proposals for routers whose answer leaves something open.
extension RouterQuestion {
    func caddy(_ match: PoolMatch, _ found: String) -> RouterProposal {
        let id = match.group.name
        var lines = ["kind: caddy", "instances: [\(YAMLText.quoted(address))]"]
        var remarks = [found]
        if let id {
            lines.append("id: \(YAMLText.quoted(id))")
        } else {
            lines += [
                "# Give the reverse_proxy handler an \"@id\" in Caddy's configuration, and write it here.",
                "# id: checkout",
            ]
            remarks.append("Caddy's handler of these servers has no \"@id\", by which it is changed")
        }
        lines.append("upstreams: \(YAMLText.pools(match))")
        switch match.group.method {
        case .weights: break
        case .upstreams:
            lines += [
                "# Shares are set by how often an upstream is listed; `weights` needs weighted_round_robin.",
                "method: upstreams",
            ]
        case nil:
            lines.append(
                "# Its selection policy cannot hold a share: use weighted_round_robin, or random in an older Caddy.")
            remarks.append("the handler's selection policy cannot hold a share; use weighted_round_robin")
        }
        return RouterProposal(
            lines: lines, isComplete: id != nil && match.group.method != nil, name: id, remarks: remarks)
    }

    func envoy(_ match: PoolMatch, _ found: String) -> RouterProposal {
        var lines = [
            "kind: envoy", "instances: [\(YAMLText.quoted(address))]",
            "clusters: {baseline: \(YAMLText.quoted(match.baseline[0])), canary: \(YAMLText.quoted(match.canary[0]))}",
        ]
        if let file {
            lines.append("file: \(YAMLText.quoted(file))")
        } else if let prefix = match.group.runtimePrefix {
            lines.append("runtime: {prefix: \(YAMLText.quoted(prefix))}")
        } else {
            lines += [
                "# The route has no runtime_key_prefix. Give it one, or name the file that Envoy reads its routes from.",
                "# runtime: {prefix: split.checkout}", "# file: /etc/envoy/routes/checkout.yaml",
            ]
            return RouterProposal(
                lines: lines, isComplete: false,
                remarks: [
                    found, "the route has no runtime_key_prefix; --envoy-file names the file that has the weights",
                ])
        }
        return RouterProposal(lines: lines, isComplete: true, remarks: [found])
    }

    func traefik(_ match: PoolMatch, _ found: String) -> RouterProposal {
        let lines = [
            "kind: traefik", "instances: [\(YAMLText.quoted(address))]",
            "service: \(YAMLText.quoted(match.group.name ?? ""))",
            "services: {baseline: \(YAMLText.quoted(match.baseline[0])), canary: \(YAMLText.quoted(match.canary[0]))}",
        ]
        if let file {
            return RouterProposal(
                lines: lines + ["file: \(YAMLText.quoted(file))"], isComplete: true, name: match.group.name,
                remarks: [found])
        }
        return RouterProposal(
            lines: lines + [
                "# The file of Traefik's file provider that has the weights; see docs/reference/routers.md for others.",
                "# file: /etc/traefik/dynamic/checkout.yaml",
            ], isComplete: false, name: match.group.name,
            remarks: [found, "which file has the weights cannot be asked; --traefik-file names it"])
    }
}
