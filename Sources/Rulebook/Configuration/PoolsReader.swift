import ReleaseKernel

/// Reads the two pools. A target belongs to one pool alone: in both, its numbers would be compared with themselves.
struct PoolsReader {
    static let targetLimit = 10_000

    let scheme: String
    let path: String
    let folder: ConfigurationFolder

    private struct Target {
        let plan: TargetPlan
        /// What is scraped: where two targets agree in it, they are one.
        let identity: String
        let field: Field
    }

    func pools(_ field: Field) -> (baseline: PoolPlan, canary: PoolPlan)? {
        guard let fields = field.fields(of: "'pools'", Pool.allCases.map(\.rawValue)) else { return nil }
        let baseline = fields.required("baseline").flatMap { pool($0, "baseline") }
        let canary = fields.required("canary").flatMap { pool($0, "canary") }
        guard let baseline, let canary else { return nil }
        refuseOverlap(baseline.targets.map { ($0, "baseline") } + canary.targets.map { ($0, "canary") })
        if baseline.version == canary.version {
            canary.versionField.fail(
                "both pools have version \(Quote.value(canary.version)); a release compares two versions")
        }
        return (
            PoolPlan(version: baseline.version, targets: baseline.targets.map(\.plan)),
            PoolPlan(version: canary.version, targets: canary.targets.map(\.plan))
        )
    }

    private func pool(_ field: Field, _ name: String) -> (version: String, versionField: Field, targets: [Target])? {
        guard let fields = field.fields(of: "pool '\(name)'", ["version", "targets"]) else { return nil }
        let versionField = fields.required("version")
        let version = versionField?.line(limit: 200)
        guard let list = fields.required("targets"), let entries = list.entries(of: "targets") else { return nil }
        if entries.isEmpty { list.fail("pool '\(name)' has no targets; without any there is nothing to compare") }
        if entries.count > PoolsReader.targetLimit {
            list.fail("pool '\(name)' has more than \(PoolsReader.targetLimit) targets")
            return nil
        }
        let targets = entries.compactMap(target)
        guard let versionField, let version, targets.count == entries.count else { return nil }
        return (version, versionField, targets)
    }

    // MARK: Targets

    private func target(_ field: Field) -> Target? {
        guard case .mapping = field.value.content else {
            return address(field, hasSocket: false).map { made($0, instance: nil, socket: nil, field) }
        }
        guard let fields = field.fields(of: "a target", ["address", "unix_socket", "instance"]) else { return nil }
        let socket = fields["unix_socket"]?.line(limit: 100).map(folder.path)
        let instance = fields["instance"]?.line(limit: 200)
        guard let addressField = fields.required("address") else { return nil }
        guard let address = address(addressField, hasSocket: fields.has("unix_socket")) else { return nil }
        if fields.has("unix_socket"), socket == nil { return nil }
        if fields.has("instance"), instance == nil { return nil }
        return made(address, instance: instance, socket: socket, field)
    }

    private func made(
        _ address: (url: String, parsed: WebAddress), instance: String?, socket: String?, _ field: Field
    ) -> Target {
        let name = instance ?? "\(address.parsed.hostPort.shownHost):\(address.parsed.port)"
        return Target(
            plan: TargetPlan(instance: name, url: address.url, unixSocket: socket),
            identity: (socket.map { "\($0) " } ?? "") + address.parsed.identity, field: field)
    }

    /// `host:port` or a URL, completed with the scrape's scheme and path.
    private func address(_ field: Field, hasSocket: Bool) -> (url: String, parsed: WebAddress)? {
        guard let text = field.line() else { return nil }
        do throws(AddressError) {
            let base = WebAddress.isURL(text) ? text : try url(text, needsPort: !hasSocket)
            let parsed = try WebAddress(base)
            let whole = parsed.rest.isEmpty ? base + path : base
            return (whole, try WebAddress(whole))
        } catch {
            let shown =
                WebAddress.isURL(text) ? Redaction.url(text) : String(Redaction.url("http://\(text)").dropFirst(7))
            field.fail(
                "a target must be an address such as 10.0.0.11:9090, or a URL, got \(Quote.value(shown)); "
                    + error.reason
            )
            return nil
        }
    }

    private func url(_ text: String, needsPort: Bool) throws(AddressError) -> String {
        guard !text.contains("@") else { throw AddressError(reason: WebAddress.credentialReason) }
        guard !text.contains("/") else {
            throw AddressError(reason: "an address with a path begins with http:// or https://")
        }
        let address = try HostPort(text)
        guard !needsPort || address.port != nil else { throw AddressError(reason: "the port is missing") }
        return "\(scheme)://\(text)"
    }

    private func refuseOverlap(_ targets: [(target: Target, pool: String)]) {
        var identities: [String: (pool: String, line: Int)] = [:]
        var instances: [String: (pool: String, line: Int)] = [:]
        for (target, pool) in targets {
            let here = (pool: pool, line: target.field.place.line)
            let name = target.plan.instance.lowercased()
            if let first = identities[target.identity] {
                refuse(target, what: "the target \(Quote.value(target.plan.instance))", pool, first)
            } else if let first = instances[name] {
                refuse(target, what: "an instance \(Quote.value(target.plan.instance))", pool, first)
            }
            identities[target.identity] = identities[target.identity] ?? here
            instances[name] = instances[name] ?? here
        }
    }

    private func refuse(_ target: Target, what: String, _ pool: String, _ first: (pool: String, line: Int)) {
        let rest =
            first.pool == pool
            ? "is already in the \(pool), in line \(first.line)"
            : "is in the \(first.pool) as well, in line \(first.line); a target belongs to one version"
        target.field.fail("\(what) \(rest)")
    }
}
