import ReleaseKernel
import Telemetry

/// Reads the two pools. A page belongs to one pool alone, or its numbers would be compared with themselves; one that holds
/// both versions is in both pools, each with matchers that the other's series do not satisfy.
struct PoolsReader {
    static let targetLimit = 10_000

    let scheme: String
    let path: String
    let folder: ConfigurationFolder

    private struct Target {
        let plan: TargetPlan
        /// What is scraped: where two targets agree in it, they are one.
        let identity: PageIdentity
        let field: Field
    }

    private struct PoolDraft {
        let version: String
        let versionField: Field
        let targets: [Target]
        let match: SeriesMatchers

        var plan: PoolPlan { PoolPlan(version: version, targets: targets.map(\.plan), match: match) }
    }

    func pools(_ field: Field) -> (baseline: PoolPlan, canary: PoolPlan)? {
        guard let fields = field.fields(of: "'pools'", Pool.allCases.map(\.rawValue)) else { return nil }
        let baseline = fields.required("baseline").flatMap { pool($0, "baseline") }
        let canary = fields.required("canary").flatMap { pool($0, "canary") }
        guard let baseline, let canary else { return nil }
        refuseOverlap(baseline, canary)
        if baseline.version == canary.version {
            canary.versionField.fail(
                "both pools have version \(Quote.value(canary.version)); a release compares two versions")
        }
        return (baseline.plan, canary.plan)
    }

    private func pool(_ field: Field, _ name: String) -> PoolDraft? {
        guard let fields = field.fields(of: "pool '\(name)'", ["version", "targets", "match"]) else { return nil }
        let match = fields.has("match") ? fields["match"].flatMap(PoolMatchReader.matchers) : SeriesMatchers()
        let versionField = fields.required("version")
        let version = versionField?.line(limit: 200)
        guard let list = fields.required("targets"), let entries = list.entries(of: "targets") else { return nil }
        if entries.isEmpty { list.fail("pool '\(name)' has no targets; without any there is nothing to compare") }
        if entries.count > PoolsReader.targetLimit {
            list.fail("pool '\(name)' has more than \(PoolsReader.targetLimit) targets")
            return nil
        }
        let targets = entries.compactMap(target)
        guard let versionField, let version, let match, targets.count == entries.count else { return nil }
        return PoolDraft(version: version, versionField: versionField, targets: targets, match: match)
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
        let plan = TargetPlan(instance: name, url: address.url, unixSocket: socket)
        return Target(plan: plan, identity: plan.identity, field: field)
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

    // MARK: The same page twice

    private struct Seen {
        let target: Target
        let pool: Pool

        var line: Int { target.field.place.line }
    }

    private func refuseOverlap(_ baseline: PoolDraft, _ canary: PoolDraft) {
        // Two expressions may match the same value: that can only be seen on a page.
        let maySharePages =
            !baseline.match.isEmpty && !canary.match.isEmpty
            && baseline.match.relation(to: canary.match) != .overlapping
        var pages: [PageIdentity: Seen] = [:]
        var instances: [String: Seen] = [:]
        let all = baseline.targets.map { Seen(target: $0, pool: .baseline) }
        for here in all + canary.targets.map({ Seen(target: $0, pool: .canary) }) {
            let name = here.target.plan.instance.lowercased()
            if let first = pages[here.target.identity] {
                let isShared = first.pool != here.pool && maySharePages
                if !isShared { refusePage(here, first, hasMatch: !baseline.match.isEmpty && !canary.match.isEmpty) }
            } else if let first = instances[name] {
                refuse(here, what: "an instance \(Quote.value(here.target.plan.instance))", first)
            }
            pages[here.target.identity] = pages[here.target.identity] ?? here
            instances[name] = instances[name] ?? here
        }
    }

    private func refusePage(_ here: Seen, _ first: Seen, hasMatch: Bool) {
        let instance = here.target.plan.instance
        let isRespelled = instance.lowercased() != first.target.plan.instance.lowercased()
        let other = isRespelled ? ", which is the same page as \(Quote.value(first.target.plan.instance))," : ""
        let what = "the target \(Quote.value(instance))\(other)"
        guard first.pool != here.pool else { return refuse(here, what: what, first) }
        let advice =
            hasMatch
            ? "and the 'match' of both pools can take the same series; make them exclude each other"
            : "so it would be compared with itself; where one page has the series of both versions, give each pool its "
                + "own 'match', for example match: {server: new1}"
        here.target.field.fail("\(what) is in the \(first.pool.rawValue) as well, in line \(first.line), \(advice)")
    }

    private func refuse(_ here: Seen, what: String, _ first: Seen) {
        let rest =
            first.pool == here.pool
            ? "is already in the \(here.pool.rawValue), in line \(first.line)"
            : "is in the \(first.pool.rawValue) as well, in line \(first.line); a target belongs to one version"
        here.target.field.fail("\(what) \(rest)")
    }
}
