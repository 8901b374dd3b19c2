import Foundation
import Synchronization
import Testing

/// Registries whose targets change under a release that is watched by the daemon that ships. Each answers as its own program
/// does; nothing may reset a window, decide anything, or be scraped after it is gone.
@Suite(
    "Registries of the running daemon", .serialized, .enabled(if: Executable.path != nil, "no executable"),
    .timeLimit(.minutes(15)))
struct RegistrySituationTests {
    /// An instance: the path of its exposition, and the label that its pool selects.
    typealias Instance = (path: String, color: String)

    @Test(arguments: Registry.all)
    func instancesComeAndGoWithoutAReset(_ registry: Registry) async throws {
        let web = ScriptedWeb()
        for path in ["b1", "b2", "c1", "c2", "c3"] { web.page("/\(path)") { Self.service($0) } }
        let shown = Mutex<[Instance]?>(nil)
        let port = Mutex("0")
        for (path, body) in registry.routes {
            web.route(path) { request in
                guard let instances = shown.withLock({ $0 }) else { return ScriptedWeb.Reply(status: 503) }
                let text = body(request.query, port.withLock { $0 }, instances)
                return ScriptedWeb.Reply(
                    headers: [("Content-Type", "application/json"), ("X-Consul-Index", "7"), ("X-Nomad-Index", "7")],
                    body: Array(text.utf8))
            }
        }
        let situation = try await Situation(
            web, indicators: #"{requests: http_requests_total, errors: 'http_requests_total{code=~"5.."}'}"#,
            rules:
                "{alert: Errors, indicator: error_rate, window: 120s, when: canary > 5%, min_requests: 10, action: rollback}",
            baseline: "select: {color: old}", canary: "select: {color: new}",
            release: "discovery: [\(registry.source)]\n    relabel: \(registry.relabel)")
        port.withLock { $0 = String(situation.address.split(separator: ":")[1]) }
        let old: [Instance] = [("b1", "old"), ("b2", "old"), ("c1", "new"), ("c2", "new")]
        shown.withLock { $0 = old }
        #expect(await eventually { try await requests(situation) ?? 0 > 300 }, "\(situation.daemon.text)")

        // One more: its counts are added to those that are there.
        let before = try await requests(situation) ?? 0
        shown.withLock { $0 = old + [("c3", "new")] }
        #expect(await eventually { web.received("/c3").count >= 5 }, "\(situation.daemon.text)")
        #expect(try await requests(situation) ?? 0 > before)

        // While the registry is away, the last list stays.
        shown.withLock { $0 = nil }
        #expect(await eventually { try await targets(situation).contains("lastError") }, "\(situation.daemon.text)")
        #expect(try await targets(situation).contains(#"/c3""#))
        let scraped = web.received("/c3").count
        #expect(await eventually { web.received("/c3").count > scraped + 5 })

        // One less: no request goes there after the cycle that was under way.
        shown.withLock { $0 = old }
        #expect(
            await eventually(600) { try await !targets(situation).contains(#"/c3""#) },
            "\(situation.daemon.text)")
        let (cycles, last) = (try await situation.release().cycles, web.received("/c3").count)
        #expect(await situation.cycles(cycles + 10))
        #expect(web.received("/c3").count <= last + 1)
        #expect(try await requests(situation) ?? 0 > before, "the window was reset")
        #expect(web.changes.isEmpty, "a verdict came of it: \(situation.daemon.text)")
        await situation.stop()
    }

    /// 20 requests per scrape.
    private static func service(_ scrape: Int) -> String {
        "http_requests_total{code=\"200\"} \(100_000 + scrape * 20)\nhttp_requests_total{code=\"500\"} 1000\n"
    }

    /// What the rule's window has of both pools together; nil while it was not evaluated.
    private func requests(_ situation: Situation) async throws -> Double? {
        guard let rule = try await situation.release().rules.first else { return nil }
        guard let baseline = rule.baseline?.requests, let canary = rule.canary?.requests else { return nil }
        return baseline + canary
    }

    private func targets(_ situation: Situation) async throws -> String { try await situation.get("/api/v1/targets") }
}

/// How a registry lists instances, and how their labels become those of the release.
struct Registry: Sendable, CustomTestStringConvertible {
    typealias Body =
        @Sendable (_ query: String, _ port: String, _ instances: [RegistrySituationTests.Instance]) -> String

    let kind: String
    /// The fields of the source; `ADDRESS` is the server's.
    let fields: String
    /// The labels that hold the path and the color, and the expression that finds the value in them.
    let labels: (path: String, color: String)
    var patterns = (path: "(.+)", color: "(.+)")
    let routes: [(path: String, body: Body)]

    var testDescription: String { kind }
    var source: String { "{kind: \(kind), \(fields)}" }

    var relabel: String {
        "[{source_labels: [\(labels.path)], regex: '\(patterns.path)', replacement: '/$1', target_label: __metrics_path__}, "
            + "{source_labels: [\(labels.color)], regex: '\(patterns.color)', target_label: color}]"
    }

    static let all = [consul, nomad, docker, eureka, nacos, etcd, kubernetes]

    private static func list(
        _ instances: [RegistrySituationTests.Instance], _ entry: (RegistrySituationTests.Instance) -> String
    ) -> String { "[" + instances.map(entry).joined(separator: ",") + "]" }

    static let consul = Registry(
        kind: "consul", fields: #"address: "http://ADDRESS", service: shop, wait: 1s"#,
        labels: ("__meta_consul_service_metadata_path", "__meta_consul_service_metadata_color"),
        routes: [
            (
                "/v1/health/service/shop",
                { _, port, instances in
                    list(instances) { path, color in
                        """
                        {"Node": {"Node": "n1", "Address": "127.0.0.1"}, "Service": {"ID": "\(path)", "Port": \(port),
                         "Meta": {"path": "\(path)", "color": "\(color)"}}}
                        """
                    }
                }
            )
        ])

    static let nomad = Registry(
        kind: "nomad", fields: #"address: "http://ADDRESS", service: shop, wait: 1s"#,
        labels: ("__meta_nomad_tags", "__meta_nomad_tags"),
        patterns: (".*,path=([^,]+),.*", ".*,color=([^,]+),.*"),
        routes: [
            (
                "/v1/service/shop",
                { _, port, instances in
                    list(instances) { path, color in
                        """
                        {"ID": "\(path)", "ServiceName": "shop", "Address": "127.0.0.1", "Port": \(port),
                         "Tags": ["path=\(path)", "color=\(color)"]}
                        """
                    }
                }
            )
        ])

    static let docker = Registry(
        kind: "docker", fields: #"address: "http://ADDRESS", refresh: 1s"#,
        labels: ("__meta_docker_container_label_path", "__meta_docker_container_label_color"),
        routes: [
            ("/networks", { _, _, _ in "[]" }),
            (
                "/containers/json",
                { _, port, instances in
                    list(instances) { path, color in
                        """
                        {"Id": "\(path)", "Names": ["/\(path)"], "Labels": {"path": "\(path)", "color": "\(color)"},
                         "Ports": [{"PrivatePort": \(port), "Type": "tcp"}], "HostConfig": {"NetworkMode": "b"},
                         "NetworkSettings": {"Networks": {"b": {"IPAddress": "127.0.0.1", "NetworkID": "n"}}}}
                        """
                    }
                }
            ),
        ])

    static let eureka = Registry(
        kind: "eureka", fields: #"address: "http://ADDRESS/eureka", application: shop, refresh: 1s"#,
        labels: ("__meta_eureka_app_instance_metadata_path", "__meta_eureka_app_instance_metadata_color"),
        routes: [
            (
                "/eureka/apps",
                { _, port, instances in
                    let list = list(instances) { path, color in
                        """
                        {"instanceId": "\(path)", "hostName": "127.0.0.1", "status": "UP", "port": {"$": \(port)},
                         "metadata": {"path": "\(path)", "color": "\(color)"}}
                        """
                    }
                    return "{\"applications\": {\"application\": [{\"name\": \"SHOP\", \"instance\": \(list)}]}}"
                }
            )
        ])

    static let nacos = Registry(
        kind: "nacos", fields: #"address: "http://ADDRESS/nacos", service: shop, refresh: 1s"#,
        labels: ("__meta_nacos_metadata_path", "__meta_nacos_metadata_color"),
        routes: [
            (
                "/nacos/v1/ns/instance/list",
                { _, port, instances in
                    let list = list(instances) { path, color in
                        """
                        {"instanceId": "\(path)", "ip": "127.0.0.1", "port": \(port),
                         "metadata": {"path": "\(path)", "color": "\(color)"}}
                        """
                    }
                    return "{\"hosts\": \(list)}"
                }
            )
        ])

    static let etcd = Registry(
        kind: "etcd", fields: #"endpoints: ["http://ADDRESS"], prefix: /shop/, refresh: 1s"#,
        labels: ("path", "color"),
        routes: [
            (
                "/v3/kv/range",
                { _, port, instances in
                    let list = list(instances) { path, color in
                        let value =
                            "{\"targets\":[\"127.0.0.1:\(port)\"],\"labels\":{\"path\":\"\(path)\",\"color\":\"\(color)\"}}"
                        let (key, held) = (Data("/shop/\(path)".utf8), Data(value.utf8))
                        return
                            "{\"key\": \"\(key.base64EncodedString())\", \"value\": \"\(held.base64EncodedString())\"}"
                    }
                    return "{\"header\": {\"revision\": \"7\"}, \"kvs\": \(list)}"
                }
            )
        ])

    static let kubernetes = Registry(
        kind: "kubernetes", fields: #"address: "http://ADDRESS", namespace: shop, relist: 10s"#,
        labels: ("__meta_kubernetes_pod_label_path", "__meta_kubernetes_pod_label_color"),
        routes: [
            (
                "/api/v1/namespaces/shop/pods",
                { query, port, instances in
                    // A watch that ends at once: everything is listed again.
                    if query.contains("watch=1") { return "" }
                    let list = list(instances) { path, color in
                        """
                        {"metadata": {"name": "\(path)", "namespace": "shop", "uid": "\(path)",
                         "labels": {"path": "\(path)", "color": "\(color)"}},
                         "spec": {"containers": [{"name": "app", "ports": [{"containerPort": \(port)}]}]},
                         "status": {"phase": "Running", "podIP": "127.0.0.1"}}
                        """
                    }
                    return "{\"metadata\": {\"resourceVersion\": \"5\"}, \"items\": \(list)}"
                }
            )
        ])
}
