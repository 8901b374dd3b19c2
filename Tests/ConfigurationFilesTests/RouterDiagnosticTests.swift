import ConfigurationFiles
import Model
import Routers
import Testing

/// Errors in routers with a driver of their own: every one with its place and what to write instead.
struct RouterDiagnosticTests {
    /// The router begins at 14:13.
    private static func errors(_ router: String) -> [String] {
        let text = Sample.changed("{kind: gray, instances: [\"http://127.0.0.1:9412\"]}", to: router)
        return Sample.errors(Sample.load(text)).map { String($0.dropFirst("rollguard.yaml:".count)) }
    }

    private static let clusters = "clusters: {baseline: v1, canary: v2}"

    @Test(
        arguments: [
            (
                "{kind: envoy}",
                [
                    "14:13: error: an envoy router needs 'clusters'",
                    "14:13: error: an envoy router needs 'runtime', 'file' or 'xds'",
                ]
            ),
            (
                "{kind: envoy, \(clusters), runtime: {prefix: split.app}}",
                ["14:13: error: an envoy router needs 'instances'"]
            ),
            (
                "{kind: envoy, instances: [\"http://a\"], clusters: {baseline: v1, canry: v1}, runtime: {prefix: split.app.}}",
                [
                    "14:62: error: 'clusters' needs 'canary'",
                    "14:77: error: unknown field 'canry' in 'clusters'; did you mean 'canary'?",
                    "14:107: error: 'prefix' is the route's runtime_key_prefix, such as split.checkout: without blanks, and without a dot at its end",
                ]
            ),
            (
                "{kind: envoy, instances: [\"http://a\"], clusters: {baseline: v1, canary: v1}, file: a.toml}",
                [
                    "14:85: error: 'v1' is the baseline already; it cannot be both",
                    "14:96: error: 'a.toml' is TOML; weights are changed in YAML or JSON files",
                ]
            ),
            (
                "{kind: envoy, instances: [\"http://a\"], \(clusters), file: a, runtime: {prefix: p}}",
                ["14:90: error: an envoy router has 'runtime' and 'file'; keep one of them"]
            ),
            (
                "{kind: envoy, instances: [\"http://a\", \"http://b\"], unix_socket: s, \(clusters), file: a}",
                ["14:64: error: 'unix_socket' is for one instance; name the others by their address"]
            ),
            (
                "{kind: envoy, instances: [\"http://a\"], \(clusters), xds: {listen: \"127.0.0.1\", nodes: [a, a]}}",
                [
                    "14:27: error: 'instances' and 'xds' exclude each other: with xds, Envoy calls Rollguard",
                    "14:95: error: 'xds' needs 'file'",
                    "14:104: error: 'listen' must be an address such as 127.0.0.1:9413, got '127.0.0.1'; the router has to know the port, so it must be 1 to 65535",
                    "14:124: error: node 'a' is listed in 'nodes' twice",
                ]
            ),
        ] as [(String, [String])])
    func envoy(router: String, expected: [String]) { #expect(Self.errors(router) == expected) }

    @Test(
        arguments: [
            (
                "{kind: traefik}",
                [
                    "14:13: error: a traefik router needs 'file', 'pull', 'etcd' or 'redis'",
                    "14:13: error: a traefik router needs 'instances'",
                    "14:13: error: a traefik router needs 'service'", "14:13: error: a traefik router needs 'services'",
                ]
            ),
            (
                "{kind: traefik, instances: [\"http://a\"], service: app@file, services: {baseline: \"a b\", canary: c}, redis: {address: \"redis://h\", user: u}}",
                [
                    "14:63: error: 'service' is the weighted service's name alone, such as checkout; the provider follows from the rest",
                    "14:94: error: 'baseline' contains a blank; a name must not",
                    "14:130: error: 'address' must be HOST:PORT, such as 127.0.0.1:6379, or a path, got 'redis://h'; the port must be a number up to 65535",
                    "14:149: error: 'user' needs 'password_file' or 'password_env'",
                ]
            ),
            (
                "{kind: traefik, instances: [\"http://a\"], service: app, services: {baseline: a, canary: c}, redis: {address: \"h:1\", password: x}}",
                [
                    "14:128: error: a secret must not be written in the file; use 'password_file' or 'password_env'"
                ]
            ),
        ] as [(String, [String])])
    func traefik(router: String, expected: [String]) { #expect(Self.errors(router) == expected) }

    @Test(
        arguments: [
            (
                "{kind: etcd, endpoints: [\"http://e\"], key: k, value: \"10\", auth: {bearer_file: t}}",
                [
                    "14:66: error: 'value' has no template of the split, such as ${percent.canary} or ${weight.canary}; it would never change",
                    "14:78: error: etcd knows users: write 'auth: {basic: {user: …, password_file: …}}'",
                ]
            ),
            (
                "{kind: etcd, endpoints: [\"http://e\"], key: k, value: {a: \"${percent.canry}\"}}",
                [
                    "14:13: error: an etcd router needs 'canary': {pointer: …} beside a 'value' that is a tree, to read it back",
                    "14:71: error: unknown name 'percent.canry' in a template; did you mean 'percent.canary'?",
                ]
            ),
            (
                "{kind: etcd}",
                ["14:13: error: an etcd router needs 'endpoints'", "14:13: error: an etcd router needs 'key'"]
            ),
        ] as [(String, [String])])
    func etcd(router: String, expected: [String]) { #expect(Self.errors(router) == expected) }

    @Test(
        arguments: [
            (
                "{kind: consul, address: \"http://c\", service: s, baseline: {subset: a}, canary: {subset: a}}",
                ["14:92: error: 'canary' is the same split as 'baseline'"]
            ),
            (
                "{kind: consul, address: c, service: s, baseline: {}, canary: {subst: a}}",
                [
                    "14:37: error: 'address' must be a URL, got 'c'; it has to begin with http:// or https://",
                    "14:62: error: 'baseline' needs 'subset' or 'service'",
                    "14:74: error: 'canary' needs 'subset' or 'service'",
                    "14:75: error: unknown field 'subst' in 'canary'; did you mean 'subset'?",
                ]
            ),
            (
                "{kind: kubernetes, namespace: n, http_route: r, virtual_service: v, baseline: {service: s}, canary: {service: s}}",
                ["14:61: error: a kubernetes router has 'http_route' and 'virtual_service'; keep one of them"]
            ),
            (
                "{kind: kubernetes, namespace: n, http_route: r, baseline: {service: s}, canary: {host: s}}",
                [
                    "14:93: error: 'canary' needs 'service'",
                    "14:94: error: unknown field 'host' in 'canary'; it has 'service'",
                ]
            ),
            (
                "{kind: kubernetes, namespace: n, virtual_service: r, baseline: {host: s}, canary: {host: s}}",
                ["14:95: error: 'canary' leads to the same place as 'baseline'"]
            ),
        ] as [(String, [String])])
    func meshes(router: String, expected: [String]) { #expect(Self.errors(router) == expected) }

    @Test func insideAPodTheMountedTokenIsTheDefaultAndElsewhereNothingIsGuessed() throws {
        func security(_ more: String) throws -> ClientSecurity {
            let block =
                "{kind: kubernetes, namespace: n, http_route: r, baseline: {service: a}, canary: {service: b}\(more)}"
            let text = Sample.changed("{kind: gray, instances: [\"http://127.0.0.1:9412\"]}", to: block)
            let router = try #require(Sample.load(text).plan).releases[0].router
            return try #require(router.settings as? KubernetesPlan).security
        }
        #expect(try security("") == KubernetesPlan.inClusterSecurity)
        #expect(try security(", address: \"https://k:6443\"") == ClientSecurity())
        #expect(try security(", tls: {ca_file: /c}").caFile == "/c")
        #expect(try security(", tls: {ca_file: /c}").authorization == KubernetesPlan.inClusterSecurity.authorization)
    }
}
