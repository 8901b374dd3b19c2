import Declarations
import Model

/// `replicas`: this daemon is one of several that watch the same releases.
struct ReplicasReader {
    let folder: ConfigurationFolder

    var form: ValueForm<ReplicasPlan> {
        ValueForm(
            summary: "mapping", schema: .shared("replicas", section.schema), read: { section.read($0) },
            write: { section.tree($0) })
    }

    var section: Section<ReplicasPlan> {
        Section(
            owner: "'replicas'", blank: ReplicasPlan(),
            settings: [
                .required(
                    "name", \.name, Self.name,
                    "this replica's name, another one in each; letters, digits, `-`, `_` and `.`"),
                .value(
                    "ttl", \.ttlMs, .duration(3_000...60_000),
                    "how long a leader that is gone is waited for; `consul` needs at least 10 s, and takes up to twice that"
                ),
                .required(
                    "store", \.wantedStore, LeaseStoreReader(folder: folder).form,
                    "where the replicas agree on their leader, the same for all of them; the fields follow from its `kind`"
                ),
                .optional(
                    "fleet", \.fleet, FleetReader().form,
                    "shares the releases out among the replicas; without it each replica watches all of them"),
            ],
            finish: { plan, fields in
                guard case .consul? = plan.store, plan.ttlMs < 10_000 else { return true }
                fields["ttl"]?.fail("Consul's sessions last at least 10 s; write 'ttl: 10s' or more")
                return plan.ttlMs >= 10_000
            })
    }

    private static var name: ValueForm<String> {
        ValueForm<String>.line(limit: 63, "name").checked { name, field in
            guard NameRules.isIdentifier(name) else {
                field.fail(
                    "\(Quote.value(name)) cannot name a replica; use up to 63 letters, digits, '-', '_' and '.', beginning "
                        + "with a letter or digit")
                return nil
            }
            return name
        }
    }
}

extension ReplicasPlan {
    /// A store is always there once the section was read.
    fileprivate var wantedStore: LeaseStorePlan {
        get { store ?? .file(FileLeasePlan()) }
        set { store = newValue }
    }
}

/// `store` of `replicas`.
struct LeaseStoreReader {
    let folder: ConfigurationFolder

    static let kinds = ["etcd", "consul", "postgresql", "kubernetes", "file"]

    var form: ValueForm<LeaseStorePlan> {
        ValueForm(summary: "mapping", schema: .shared("lease-store", schema), read: store, write: tree)
    }

    private func store(_ field: Field) -> LeaseStorePlan? {
        guard case .mapping = field.value.content else { return field.refuse("a mapping with a 'kind'") }
        guard let kind = field.value.member("kind") else {
            field.fail("'store' needs 'kind': \(Quote.choices(Self.kinds))")
            return nil
        }
        switch Field(label: "'kind'", value: kind.value, log: field.log).choice(Self.kinds) {
        case "etcd": return with(etcd, "etcd").read(field).map { .etcd($0) }
        case "consul": return with(consul, "consul").read(field).map { .consul($0) }
        case "postgresql": return with(postgresql, "postgresql").read(field).map { .postgresql($0) }
        case "kubernetes": return with(kubernetes, "kubernetes").read(field).map { .kubernetes($0) }
        case "file": return with(file, "file").read(field).map { .file($0) }
        default: return nil
        }
    }

    private func tree(_ plan: LeaseStorePlan) -> YAMLTree {
        switch plan {
        case .etcd(let etcd): with(self.etcd, "etcd").tree(etcd)
        case .consul(let consul): with(self.consul, "consul").tree(consul)
        case .postgresql(let plan): with(postgresql, "postgresql").tree(plan)
        case .kubernetes(let plan): with(kubernetes, "kubernetes").tree(plan)
        case .file(let file): with(self.file, "file").tree(file)
        }
    }

    var etcd: Section<EtcdLeasePlan> {
        Section(
            owner: "'store'", blank: EtcdLeasePlan(),
            settings: [
                .required("endpoints", \.endpoints, .instances, "members of one cluster, tried in order"),
                .value("prefix", \.prefix, Self.prefix, "the begin of the keys; ends with a slash"),
            ] + Setting.security(\.security, folder),
            finish: { plan, fields in
                switch plan.security.authorization {
                case .bearer, .header:
                    fields["auth"]?.fail("etcd knows users: write 'auth: {basic: {user: …, password_file: …}}'")
                    return false
                case .basic, nil: return true
                }
            })
    }

    var consul: Section<ConsulLeasePlan> {
        Section(
            owner: "'store'", blank: ConsulLeasePlan(),
            settings: [
                .required("address", \.address, .baseURL, "an agent or a server, such as `http://127.0.0.1:8500`"),
                .value(
                    "prefix", \.prefix, Self.consulPrefix,
                    "the begin of the keys; ends with a slash and begins with none"),
                .secret(
                    "token", \.token, folder,
                    "a token with `key_prefix` and `session_prefix` write, sent as `X-Consul-Token`"),
            ] + Setting.security(\.security, folder),
            finish: { plan, fields in
                guard plan.token != nil, plan.security.authorization != nil else { return true }
                fields["auth"]?.fail("'auth' and a token are given; keep one of them")
                return false
            })
    }

    var file: Section<FileLeasePlan> {
        Section(
            owner: "'store'", blank: FileLeasePlan(),
            settings: [
                .required(
                    "folder", \.folder, .path(folder),
                    "a folder of this host that all replicas can write, on a local file system")
            ])
    }

    private static var prefix: ValueForm<String> {
        ValueForm<String>.line(limit: 200, "prefix").checked { prefix, field in
            guard prefix.hasSuffix("/"), prefix.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
                field.fail("'prefix' has to end with a slash, and may have no blanks")
                return nil
            }
            return prefix
        }
    }

    private static var consulPrefix: ValueForm<String> {
        prefix.checked { prefix, field in
            guard !prefix.hasPrefix("/") else {
                field.fail("keys in Consul begin with no slash; write \(Quote.value(String(prefix.dropFirst())))")
                return nil
            }
            return prefix
        }
    }

    /// The section with the field that says which one it is.
    private func with<Plan>(_ section: Section<Plan>, _ name: String) -> Section<Plan> {
        var section = section
        section.settings.insert(
            Setting(
                names: ["kind"], summary: "`\(name)`", shownDefault: .required, sentence: "the kind of store",
                properties: [("kind", .object([("const", .text(name))]))],
                read: { _, _ in true }, write: { _ in [("kind", .text(name))] }), at: 0)
        return section
    }

    private var schema: SchemaNode {
        let nodes = [
            ("etcd", with(etcd, "etcd").schema), ("consul", with(consul, "consul").schema),
            ("postgresql", with(postgresql, "postgresql").schema),
            ("kubernetes", with(kubernetes, "kubernetes").schema), ("file", with(file, "file").schema),
        ]
        return .object([
            ("type", .text("object")), ("required", .list([.text("kind")])),
            (
                "properties",
                .object([("kind", SchemaNode.choice(Self.kinds).described("the kind of store"))])
            ),
            (
                "allOf",
                .list(
                    nodes.map { name, schema in
                        .object([
                            (
                                "if",
                                .object([("properties", .object([("kind", .object([("const", .text(name))]))]))])
                            ),
                            ("then", .shared("lease-store-\(name)", schema)),
                        ])
                    })
            ),
        ])
    }
}
