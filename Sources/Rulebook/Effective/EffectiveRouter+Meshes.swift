import ReleaseKernel

/// Routers with a driver of their own beyond HAProxy: all of their settings, as they would be read again.
extension EffectiveRouter {
    func envoy(_ envoy: EnvoyPlan) -> Members {
        let clusters: Members = [("clusters", names(envoy.clusters)), ("total", .plain("\(envoy.total)"))]
        switch envoy.mode {
        case .runtime(let prefix, let admin):
            return self.admin(admin) + clusters
                + [("runtime", .mapping([("prefix", .text(prefix))]))] + parent.security(admin.security)
        case .file(let path, let admin):
            return self.admin(admin) + clusters + [("file", .text(path))]
                + parent.security(admin.security)
        case .xds(let pull, let nodes):
            return clusters + [("xds", .mapping(self.pull(pull) + [("nodes", texts(nodes))]))]
        }
    }

    private func admin(_ admin: EnvoyAdmin) -> Members {
        [("instances", texts(admin.instances))] + text("unix_socket", admin.unixSocket)
    }

    func traefik(_ traefik: TraefikPlan) -> Members {
        [
            ("instances", texts(traefik.instances)), ("service", .text(traefik.service)),
            ("services", names(traefik.services)), ("total", .plain("\(traefik.total)")), source(traefik.source),
        ] + parent.security(traefik.security)
    }

    private func source(_ source: TraefikPlan.Source) -> (String, YAMLTree) {
        switch source {
        case .file(let path): return ("file", .text(path))
        case .pull(let pull): return ("pull", .mapping(self.pull(pull)))
        case .etcd(let access, let rootKey):
            return ("etcd", .mapping([("root_key", .text(rootKey))] + self.access(access)))
        case .redis(let access, let rootKey):
            var members: Members = [("address", .text(access.address))]
            if let user = access.user { members.append(("user", .text(user))) }
            members += parent.secret("password", access.password)
            members += [("database", .plain("\(access.database)")), ("root_key", .text(rootKey))]
            return ("redis", .mapping(members))
        }
    }

    func etcd(_ etcd: EtcdPlan) -> Members {
        var members = access(etcd.access)
        members += [
            ("key", .text(etcd.key)), ("value", body(etcd.value)), ("canary", weight(etcd.canary)),
        ]
        if let baseline = etcd.baseline { members.append(("baseline", weight(baseline))) }
        return members + [("total", .plain("\(etcd.total)"))]
    }

    func consul(_ consul: ConsulPlan) -> Members {
        func destination(_ destination: ConsulPlan.Destination) -> YAMLTree {
            .mapping(text("service", destination.service) + text("subset", destination.subset))
        }
        let places: Members = [
            ("address", .text(consul.address)), ("service", .text(consul.service)),
            ("baseline", destination(consul.baseline)), ("canary", destination(consul.canary)),
        ]
        return places + text("datacenter", consul.datacenter) + text("namespace", consul.namespace)
            + text("partition", consul.partition) + parent.security(consul.security)
    }

    func kubernetes(_ kubernetes: KubernetesPlan) -> Members {
        let route: Members
        switch kubernetes.route {
        case .httpRoute(let names):
            route = [
                ("http_route", .text(kubernetes.name)),
                ("baseline", .mapping([("service", .text(names.baseline))])),
                ("canary", .mapping([("service", .text(names.canary))])),
            ]
        case .virtualService(let baseline, let canary):
            route = [
                ("virtual_service", .text(kubernetes.name)), ("baseline", destination(baseline)),
                ("canary", destination(canary)),
            ]
        }
        return [("address", .text(kubernetes.address)), ("namespace", .text(kubernetes.namespace))] + route
            + [("api_version", .text(kubernetes.apiVersion)), ("total", .plain("\(kubernetes.total)"))]
            + parent.security(kubernetes.security)
    }

    private func destination(_ destination: KubernetesPlan.Destination) -> YAMLTree {
        .mapping([("host", .text(destination.host))] + text("subset", destination.subset))
    }

    private func access(_ access: EtcdAccess) -> Members {
        [("endpoints", texts(access.endpoints))] + parent.security(access.security)
    }

    private func pull(_ pull: PullPlan) -> Members {
        let host = pull.host.contains(":") ? "[\(pull.host)]" : pull.host
        return [("listen", .text("\(host):\(pull.port)")), ("file", .text(pull.file))]
    }

    private func names(_ names: PoolPair) -> YAMLTree {
        .mapping([("baseline", .text(names.baseline)), ("canary", .text(names.canary))])
    }

    private func text(_ name: String, _ text: String?) -> Members { text.map { [(name, .text($0))] } ?? [] }
}
