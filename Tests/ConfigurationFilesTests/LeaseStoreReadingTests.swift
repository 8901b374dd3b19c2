import ConfigurationFiles
import Model
import Testing

/// `replicas.store` in tables of PostgreSQL and in Leases of Kubernetes.
struct LeaseStoreReadingTests {
    private static func load(_ store: String) -> Rulebook.Result {
        Sample.load(
            Sample.changed(
                "receivers:", to: "replicas: {name: rg-1, store: \(store)}\nreceivers:"))
    }

    private static func plan(_ store: String) throws -> LeaseStorePlan {
        let result = load(store)
        try #require(Sample.errors(result) == [])
        let plan = try #require(result.plan)
        // What `check --effective` shows reads back as the same.
        let again = Sample.load(Rulebook.effectiveYAML(of: plan, kinds: Sample.kinds))
        #expect(again.plan?.replicas == plan.replicas)
        return try #require(plan.replicas?.store)
    }

    @Test func postgreSQLIsRead() throws {
        guard
            case .postgresql(let least) = try Self.plan("{kind: postgresql, endpoints: ['db-1:5432']}"),
            case .postgresql(let full) = try Self.plan(
                "{kind: postgresql, endpoints: ['db-1:5432', '[::1]:5433', /run/postgresql], database: ops, user: rg, "
                    + "password_env: PG, schema: watch, prefix: rg_, tls: {ca_file: ca.pem, cert_file: c.pem, key_file: k.pem}}"
            )
        else { throw Unexpected() }
        #expect(least.endpoints == ["db-1:5432"] && least.database == "rollguard" && least.user == "rollguard")
        #expect(least.schema == "public" && least.prefix == "rollguard_" && least.password == nil)
        #expect(full.endpoints.count == 3 && full.password == .environment("PG"))
        #expect(full.security.caFile == "/etc/rollguard/ca.pem" && full.security.keyFile == "/etc/rollguard/k.pem")
        #expect(LeaseStorePlan.postgresql(full).label == "postgresql:/watch.rg_")
    }

    @Test func insideAPodTheMountedCredentialsAreUsed() throws {
        guard
            case .kubernetes(let inside) = try Self.plan("{kind: kubernetes, namespace: ops}"),
            case .kubernetes(let outside) = try Self.plan(
                "{kind: kubernetes, namespace: ops, address: 'https://10.0.0.1:6443', prefix: rg, auth: {bearer_env: K}}"
            )
        else { throw Unexpected() }
        #expect(inside.address == "https://kubernetes.default.svc" && inside.prefix == "rollguard")
        #expect(inside.security == KubernetesLeasePlan.inClusterSecurity)
        #expect(outside.security == ClientSecurity(authorization: .bearer(.environment("K"))))
        #expect(LeaseStorePlan.kubernetes(outside).label == "kubernetes:/ops/rg")
    }

    private struct Unexpected: Error {}

    @Test(
        arguments: [
            (
                "{kind: postgresql, endpoints: [db-1]}",
                "'db-1' is not an address such as db-1:5432: the port is missing"
            ),
            ("{kind: postgresql, endpoints: ['a:1', 'a:1']}", "an endpoint is listed twice"),
            (
                "{kind: postgresql, endpoints: ['a:1'], prefix: 'x;drop'}",
                "'x;drop' cannot be used; write lower-case letters, digits and '_', beginning with no digit"
            ),
            (
                "{kind: postgresql, endpoints: ['a:1'], tls: {}}",
                "'tls' needs 'ca_file': libpq checks a server's certificate against no other authorities"
            ),
            (
                "{kind: kubernetes, namespace: Ops}",
                "'Ops' is no name in Kubernetes; write lower-case letters, digits and '-', with none of the latter at the ends"
            ),
            (
                "{kind: zookeeper}",
                "'kind' must be 'etcd', 'consul', 'postgresql', 'kubernetes' or 'file', got 'zookeeper'"
            ),
        ])
    func whatCannotBeAStoreIsRefused(_ store: String, _ message: String) {
        let errors = Sample.errors(Self.load(store))
        #expect(errors.contains { $0.contains(message) }, "\(errors)")
    }
}
