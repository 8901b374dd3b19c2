import ReleaseKernel

/// Reads `kind: traefik`.
struct TraefikReader {
    let folder: ConfigurationFolder

    private static let sources = ["file", "pull", "etcd", "redis"]
    private static let names = ["kind", "instances", "service", "services", "total"] + sources + Fields.securityNames

    func traefik(_ field: Field) -> TraefikPlan? {
        guard let fields = field.fields(of: "a traefik router", TraefikReader.names) else { return nil }
        let instances = fields.required("instances")?.instances()
        let service = fields.required("service").flatMap(self.service)
        let services = fields.poolPair("services")
        let total = fields["total"]?.integer(1...1_000_000) ?? 100
        let security = fields.security(folder)
        let source = fields.requiredOne(of: TraefikReader.sources).flatMap { self.source($0, fields) }
        guard let instances, let service, let services, let source else { return nil }
        return TraefikPlan(
            instances: instances, service: service, services: services, total: total, source: source,
            security: security)
    }

    private func service(_ field: Field) -> String? {
        guard let name = field.routerName() else { return nil }
        guard !name.contains("@"), !name.contains("/") else {
            field.fail(
                "'service' is the weighted service's name alone, such as checkout; the provider follows from the rest")
            return nil
        }
        return name
    }

    private func source(_ name: String, _ fields: Fields) -> TraefikPlan.Source? {
        guard let field = fields[name] else { return nil }
        switch name {
        case "file": return field.weightedFile(folder).map { .file(path: $0) }
        case "pull": return field.fields(of: "'pull'", ["listen", "file"])?.pull(folder).map { .pull($0) }
        case "etcd":
            let names = EtcdReader.accessNames + ["root_key"]
            guard let etcd = field.fields(of: "'etcd'", names) else { return nil }
            let rootKey = rootKey(etcd)
            return EtcdReader(folder: folder).access(etcd).map { .etcd($0, rootKey: rootKey) }
        default: return redis(field)
        }
    }

    /// Traefik's own default.
    private func rootKey(_ fields: Fields) -> String { fields["root_key"]?.line(limit: 200) ?? "traefik" }

    private func redis(_ field: Field) -> TraefikPlan.Source? {
        let names = ["address", "user", "password_file", "password_env", "database", "root_key"]
        guard let fields = field.fields(of: "'redis'", names) else { return nil }
        let address = fields.required("address").flatMap(address)
        let user = fields["user"]?.line(limit: 200)
        let password = fields.secret("password", folder)
        let hasPassword = fields.has("password_file") || fields.has("password_env")
        if fields.has("user"), !hasPassword {
            fields["user"]?.fail("'user' needs 'password_file' or 'password_env'")
        }
        let database = fields["database"]?.integer(0...1_000_000) ?? 0
        let rootKey = rootKey(fields)
        guard let address else { return nil }
        return .redis(
            RedisAccess(address: address, user: user, password: password, database: database), rootKey: rootKey)
    }

    /// `host:port`, or the path of a socket.
    private func address(_ field: Field) -> String? {
        guard let text = field.line() else { return nil }
        if text.contains("/"), !text.contains("://") { return folder.path(text) }
        do throws(AddressError) {
            guard let port = try HostPort(text).port, port > 0 else {
                throw AddressError(reason: "the port is missing")
            }
            return text
        } catch {
            field.fail(
                "'address' must be HOST:PORT, such as 127.0.0.1:6379, or a path, got "
                    + "\(Quote.value(Redaction.url(text))); \(error.reason)")
            return nil
        }
    }
}
