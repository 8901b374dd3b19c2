import Declarations
import Model
import Support
import Telemetry

/// Reads the two pools. A target belongs to one pool alone, or its numbers would be compared with themselves; one that
/// holds both versions is in both pools, each with matchers that the other's series do not satisfy.
struct PoolsReader {
    static let targetLimit = 10_000

    let scheme: String
    let path: String
    let folder: ConfigurationFolder
    /// An A/A release: both pools have the same version.
    var isAA = false
    /// The release has sources of targets, so that a pool may select them instead of listing its own.
    var hasDiscovery = false
    /// Of `exposition`: both pools are read from these, and have no targets of their own.
    var shared: [Target]?

    struct Target {
        let plan: TargetPlan
        /// What is scraped: where two targets agree in it, they are one.
        let identity: EndpointIdentity
        let field: Field
    }

    struct PoolDraft {
        var plan = PoolPlan(version: "", targets: [])
        var versionField: Field?
        var targets: [Target] = []

        var match: SeriesMatchers { plan.match }
        /// Neither listed nor selected.
        var hasNoTargets: Bool { plan.targets.isEmpty && plan.select.isEmpty }
    }

    /// The two pools of a release.
    struct Pair {
        var baseline = PoolDraft()
        var canary = PoolDraft()
        /// The places that the pools are; nil where the configuration has `pools`.
        var places: [String]?

        /// For messages.
        func name(_ pool: Pool) -> String {
            guard let places, places.count == 2 else { return "the \(pool.rawValue)" }
            return "place '\(places[pool == .baseline ? 0 : 1])'"
        }
    }

    var section: Section<Pair> {
        Section(
            owner: "'pools'", blank: Pair(),
            settings: [
                .required("baseline", \.baseline, form("baseline"), "the old version"),
                .required("canary", \.canary, form("canary"), "the new version"),
            ],
            finish: { pools, _ in
                refuseOverlap(pools)
                checkVersions(pools)
                return true
            })
    }

    func checkVersions(_ pools: Pair) {
        let (version, other) = (pools.canary.plan.version, pools.baseline.plan.version)
        guard (version == other) != isAA else { return }
        pools.canary.versionField?.fail(
            isAA
                ? "an A/A release has the same version in both pools, and these have \(Quote.value(other)) and "
                    + "\(Quote.value(version)); remove 'aa' to compare two versions"
                : "both pools have version \(Quote.value(version)); a release compares two versions, or measures one with "
                    + "'aa: true'")
    }

    private func form(_ name: String) -> ValueForm<PoolDraft> {
        let section = pool(name)
        return ValueForm(
            summary: "mapping", schema: .shared("pool", section.schema), read: { section.read($0) },
            write: section.tree)
    }

    func pool(_ name: String) -> Section<PoolDraft> {
        Section(
            owner: "pool '\(name)'", blank: PoolDraft(),
            settings: [
                Setting.required(
                    "version", \.plan.version, .line(limit: 200),
                    "the version's name; the two pools have different ones"
                ).reading { fields, pool in
                    pool.versionField = fields.required("version")
                    guard let version = pool.versionField?.line(limit: 200) else { return false }
                    pool.plan.version = version
                    return true
                },
                .matchers(
                    "match", \.plan.match,
                    "which series of the scrape bodies belong to the pool; "
                        + "[see below](#one-scrape-body-with-both-pools)"),
                Self.instanceLabel, targets("pool '\(name)'"), select,
            ])
    }

    /// Which discovered targets are the pool's.
    private var select: Setting<PoolDraft> {
        let matchers = Setting<PoolDraft>.matchers(
            "select", \.plan.select,
            "which [discovered targets](discovery.md#pools) are taken, by their labels after relabelling; in place of "
                + "`targets`")
        return matchers.shown(default: "none").reading { fields, draft in
            guard fields.has("select") else { return true }
            guard hasDiscovery else {
                fields.fail(
                    at: fields.namePlace("select"),
                    "'select' takes targets that 'discovery' lists, and the release has none; did you mean 'match'? It picks "
                        + "the pool's series by their labels")
                return false
            }
            guard !fields.has("targets") else {
                fields.fail(at: fields.namePlace("select"), "a pool has 'targets' or 'select'; remove one of them")
                return false
            }
            return matchers.read(fields, &draft)
        }
    }

    /// `exposition`: targets of which each has the series of both pools.
    var exposition: Section<PoolDraft> {
        Section(owner: "'exposition'", blank: PoolDraft(), settings: [targets("'exposition'")])
    }

    private static var instanceLabel: Setting<PoolDraft> {
        .optional(
            "instance_label", \.plan.instanceLabel, .line(limit: 200), shownDefault: "each target is one instance",
            "for the exposition of a proxy: the label whose values are the instances, which `regression` compares")
    }

    /// A place: what runs there is said by `start` and later by the journal, and it may have no targets yet.
    func place(_ name: String) -> Section<PoolDraft> {
        Section(
            owner: "place '\(name)'", blank: PoolDraft(plan: PoolPlan(version: ReleasePlan.noVersion, targets: [])),
            settings: [
                targets("place '\(name)'", mayBeEmpty: true), select,
                .matchers(
                    "match", \.plan.match,
                    "which series of the scrape bodies belong to the place; "
                        + "[see below](#one-scrape-body-with-both-pools)"),
                Self.instanceLabel,
            ])
    }

    // MARK: Targets

    private func targets(_ owner: String, mayBeEmpty: Bool = false) -> Setting<PoolDraft> {
        Setting(
            names: ["targets"], summary: "list of `host:port`, URLs or mappings",
            shownDefault: .text("required without `select` or `exposition`"),
            sentence: "what is scraped: `host:port`, a URL, or a mapping with the fields below"
                + (mayBeEmpty ? ". May be empty, `[]`, while nothing runs there" : ""),
            properties: [
                (
                    "targets",
                    .array(of: .mapping(TargetDraft.section.schema, or: .typed("string")), least: mayBeEmpty ? 0 : 1)
                )
            ],
            read: { fields, draft in
                if hasDiscovery, fields.has("select") { return true }
                if let shared { return take(shared, fields, &draft) }
                guard let list = fields.required("targets"), let entries = list.entries(of: "targets") else {
                    return false
                }
                if entries.isEmpty, !mayBeEmpty {
                    list.fail("\(owner) has no targets; without any there is nothing to compare")
                }
                if entries.count > PoolsReader.targetLimit {
                    list.fail("\(owner) has more than \(PoolsReader.targetLimit) targets")
                    return false
                }
                draft.targets = entries.compactMap(target(_:))
                draft.plan.targets = draft.targets.map(\.plan)
                return draft.targets.count == entries.count
            },
            write: { draft in
                guard draft.plan.select.isEmpty else { return [] }
                let section = TargetDraft.section
                return [("targets", .list(draft.plan.targets.map { section.tree(TargetDraft($0)) }))]
            }
        ).showing { TargetDraft.section.rows }
    }

    private func take(_ shared: [Target], _ fields: Fields, _ draft: inout PoolDraft) -> Bool {
        (draft.targets, draft.plan.targets) = (shared, shared.map(\.plan))
        guard let field = fields["targets"] else { return true }
        field.fail("with 'exposition' both pools are read from its targets; remove 'targets'")
        return false
    }

    /// A target as a mapping.
    private struct TargetDraft {
        var address = ""
        var unixSocket: String?
        var instance: String?

        /// The paths in it are as they are written.
        static var section: Section<TargetDraft> {
            Section(
                owner: "a target", blank: TargetDraft(),
                settings: [
                    .required("address", \.address, .line(), "`host:port` or a URL"),
                    .optional("unix_socket", \.unixSocket, .line(limit: 100), "connect through it instead of TCP"),
                    .optional(
                        "instance", \.instance, .line(limit: 200), shownDefault: "`host:port`",
                        "the name of the target, unique in the release"),
                ],
                finish: { target, fields in
                    (target.unixSocket != nil) == fields.has("unix_socket")
                        && (target.instance != nil) == fields.has("instance")
                })
        }

        init() {}

        init(_ plan: TargetPlan) {
            (address, unixSocket, instance) = (plan.url, plan.unixSocket, plan.instance)
        }
    }

    private func target(_ field: Field) -> Target? {
        guard case .mapping = field.value.content else {
            return address(field, hasSocket: false).map { made($0, instance: nil, socket: nil, field) }
        }
        guard let draft = TargetDraft.section.read(field), let member = field.value.member("address") else {
            return nil
        }
        let addressField = Field(label: "'address'", value: member.value, log: field.log)
        return address(addressField, hasSocket: draft.unixSocket != nil).map {
            made($0, instance: draft.instance, socket: draft.unixSocket.map(folder.path), field)
        }
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

    // MARK: The same endpoint twice

    private struct Seen {
        let target: Target
        let pool: Pool
        /// `the baseline`, `place 'blue'`
        let place: String

        var line: Int { target.field.place.line }
    }

    func refuseOverlap(_ pools: Pair) {
        let (baseline, canary) = (pools.baseline, pools.canary)
        // Two expressions may match the same value: that can only be seen in a scrape body.
        let mayShareEndpoint =
            !baseline.match.isEmpty && !canary.match.isEmpty
            && baseline.match.relation(to: canary.match) != .overlapping
        var endpoints: [EndpointIdentity: Seen] = [:]
        var instances: [String: Seen] = [:]
        let all = [Pool.baseline, .canary].flatMap { pool in
            (pool == .baseline ? baseline : canary).targets.map {
                Seen(target: $0, pool: pool, place: pools.name(pool))
            }
        }
        for here in all {
            let name = here.target.plan.instance.lowercased()
            if let first = endpoints[here.target.identity] {
                let isShared = first.pool != here.pool && mayShareEndpoint
                if !isShared { refuseEndpoint(here, first, hasMatch: !baseline.match.isEmpty && !canary.match.isEmpty) }
            } else if let first = instances[name] {
                refuse(here, what: "an instance \(Quote.value(here.target.plan.instance))", first)
            }
            endpoints[here.target.identity] = endpoints[here.target.identity] ?? here
            instances[name] = instances[name] ?? here
        }
    }

    private func refuseEndpoint(_ here: Seen, _ first: Seen, hasMatch: Bool) {
        let instance = here.target.plan.instance
        let isRespelled = instance.lowercased() != first.target.plan.instance.lowercased()
        let other = isRespelled ? ", which is the same endpoint as \(Quote.value(first.target.plan.instance))," : ""
        let what = "the target \(Quote.value(instance))\(other)"
        guard first.pool != here.pool else { return refuse(here, what: what, first) }
        let advice =
            hasMatch
            ? "and the 'match' of both pools can take the same series; make them exclude each other"
            : "so it would be compared with itself; where one endpoint has the series of both versions, give each pool "
                + "its own 'match', for example match: {server: new1}"
        here.target.field.fail("\(what) is in \(first.place) as well, in line \(first.line), \(advice)")
    }

    private func refuse(_ here: Seen, what: String, _ first: Seen) {
        let rest =
            first.pool == here.pool
            ? "is already in \(here.place), in line \(first.line)"
            : "is in \(first.place) as well, in line \(first.line); a target belongs to one version"
        here.target.field.fail("\(what) \(rest)")
    }
}
