import Discovery
import Model
import Ports
import Testing

@testable import TargetSources

/// A kind of source with a server that can be made to misbehave: how it lists addresses, and where a value of an
/// instance is shown in a label.
struct SourceBench: Sendable, CustomTestStringConvertible {
    let kind: String
    let source: @Sendable (SourceSetup) -> any TargetSource
    /// The whole of a well-behaved server that has these instances; `note` is a label's value of each of them.
    let server:
        @Sendable (_ addresses: [(host: String, port: Int)], _ note: String, HTTPRequest) -> ScriptedTransport.Answer

    var testDescription: String { kind }

    static let all = [consul, nomad, docker, eureka, nacos, etcd, pods]

    static let consul = SourceBench(
        kind: "consul",
        source: { setup in
            var plan = ConsulSourcePlan()
            (plan.address, plan.service, plan.token) = ("http://127.0.0.1:8500", "shop", .environment("TOKEN"))
            return ConsulSource(plan: plan, setup: setup)
        },
        server: { addresses, note, _ in
            list(addresses) { host, port in
                """
                {"Node": {"Node": "n1", "Address": "\(host)", "Datacenter": "dc1"},
                 "Service": {"ID": "shop-\(port)", "Service": "shop", "Port": \(port), "Meta": {"note": "\(note)"}}}
                """
            }
        })

    static let nomad = SourceBench(
        kind: "nomad",
        source: { setup in
            var plan = NomadSourcePlan()
            (plan.address, plan.service, plan.token) = ("http://127.0.0.1:4646", "shop", .environment("TOKEN"))
            return NomadSource(plan: plan, setup: setup)
        },
        server: { addresses, note, _ in
            list(addresses) { host, port in
                """
                {"ID": "i\(port)", "ServiceName": "shop", "Address": "\(host)", "Port": \(port), "Tags": ["\(note)"]}
                """
            }
        })

    static let docker = SourceBench(
        kind: "docker",
        source: { setup in
            var plan = DockerSourcePlan()
            plan.security.authorization = .bearer(.environment("TOKEN"))
            return DockerSource(plan: plan, setup: setup)
        },
        server: { addresses, note, request in
            if request.url.hasSuffix("/networks") { return .reply("[]") }
            return list(addresses) { host, port in
                """
                {"Id": "c\(host)-\(port)", "Names": ["/shop"], "Labels": {"note": "\(note)"},
                 "Ports": [{"PrivatePort": \(port), "Type": "tcp"}], "HostConfig": {"NetworkMode": "bridge"},
                 "NetworkSettings": {"Networks": {"bridge": {"IPAddress": "\(host)", "NetworkID": "n"}}}}
                """
            }
        })

    static let eureka = SourceBench(
        kind: "eureka",
        source: { setup in
            var plan = EurekaSourcePlan()
            plan.address = "http://127.0.0.1:8761/eureka"
            plan.security.authorization = .bearer(.environment("TOKEN"))
            return EurekaSource(plan: plan, setup: setup)
        },
        server: { addresses, note, _ in
            let instances = addresses.map { host, port in
                """
                {"instanceId": "\(host):\(port)", "hostName": "\(host)", "status": "UP", "metadata": {"note": "\(note)"},
                 "port": {"$": \(port), "@enabled": "true"}}
                """
            }
            return .reply(
                """
                {"applications": {"application": [{"name": "SHOP", "instance": [\(instances.joined(separator: ","))]}]}}
                """)
        })

    static let nacos = SourceBench(
        kind: "nacos",
        source: { setup in
            var plan = NacosSourcePlan()
            (plan.address, plan.service) = ("http://127.0.0.1:8848/nacos", "shop")
            plan.security.authorization = .bearer(.environment("TOKEN"))
            return NacosSource(plan: plan, setup: setup)
        },
        server: { addresses, note, _ in
            let hosts = addresses.map { host, port in
                "{\"ip\": \"\(host)\", \"port\": \(port), \"metadata\": {\"note\": \"\(note)\"}}"
            }
            return .reply("{\"hosts\": [\(hosts.joined(separator: ","))]}")
        })

    static let etcd = SourceBench(
        kind: "etcd",
        source: { setup in
            var plan = EtcdSourcePlan()
            (plan.endpoints, plan.prefix) = (["http://127.0.0.1:2379"], "/shop/")
            plan.security.authorization = .basic(user: "root", password: .environment("TOKEN"))
            return EtcdSource(plan: plan, setup: setup)
        },
        server: { addresses, note, request in
            if request.url.hasSuffix("/v3/auth/authenticate") { return .reply("{\"token\": \"t1\"}") }
            if request.url.hasSuffix("/v3/watch") { return .reply("{\"result\": {\"created\": true}}\n") }
            let entries = addresses.enumerated().map { index, address in
                let group = "{\"targets\": [\"\(address.host):\(address.port)\"], \"labels\": {\"note\": \"\(note)\"}}"
                return "{\"key\": \"\(base64("/shop/\(index)"))\", \"value\": \"\(base64(group))\"}"
            }
            return .reply("{\"header\": {\"revision\": \"7\"}, \"kvs\": [\(entries.joined(separator: ","))]}")
        })

    static let pods = SourceBench(
        kind: "kubernetes",
        source: { setup in
            var plan = KubernetesSourcePlan()
            (plan.address, plan.namespace) = ("http://127.0.0.1:6443", "shop")
            plan.security.authorization = .bearer(.environment("TOKEN"))
            return KubernetesSource(plan: plan, setup: setup)
        },
        server: { addresses, note, request in
            if request.url.contains("watch=1") { return .reply("") }
            let items = addresses.enumerated().map { index, address in
                """
                {"metadata": {"name": "p\(index)", "namespace": "shop", "uid": "u\(index)", "labels": {"note": "\(note)"}},
                 "spec": {"containers": [{"name": "app", "ports": [{"containerPort": \(address.port)}]}]},
                 "status": {"phase": "Running", "podIP": "\(address.host)"}}
                """
            }
            return .reply("{\"metadata\": {\"resourceVersion\": \"5\"}, \"items\": [\(items.joined(separator: ","))]}")
        })

    private static func list(
        _ addresses: [(host: String, port: Int)], _ entry: (String, Int) -> String
    ) -> ScriptedTransport.Answer {
        .reply("[" + addresses.map(entry).joined(separator: ",") + "]", headers: [TextPair("X-Consul-Index", "9")])
    }

    static func base64(_ text: String) -> String {
        // Small enough to need no library: what the servers of these tests send.
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
        let bytes = Array(text.utf8)
        var digits: [UInt8] = []
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let group = (0..<3).map { start + $0 < bytes.count ? UInt32(bytes[start + $0]) : 0 }
            let bits = group[0] << 16 | group[1] << 8 | group[2]
            let count = min(3, bytes.count - start)
            for place in 0..<4 {
                digits.append(place <= count ? alphabet[Int(bits >> UInt32(18 - 6 * place) & 63)] : UInt8(ascii: "="))
            }
        }
        return String(decoding: digits, as: UTF8.self)
    }
}
