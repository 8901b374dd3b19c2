import Discovery
import Model
import Ports
import Testing

@testable import TargetSources

@Suite("Sources that are registries")
struct RegistrySourceTests {
    // MARK: When they ask

    @Test func aFailureIsRetriedSoonerAndSooner() async {
        let clock = ImpatientClock()
        var plan = EurekaSourcePlan()
        (plan.address, plan.refreshMs) = ("http://e/eureka", 30_000)
        let transport = ScriptedTransport { _, count in
            count == 7 ? .reply("{\"applications\":{\"application\":[]}}") : .unreachable
        }
        _ = await Sources.answers(EurekaSource(plan: plan, setup: Sources.setup(transport, clock: clock)), 10)
        #expect(Array(clock.sleeps.prefix(9)) == [1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000, 1_000])
    }

    @Test(
        arguments: [
            (nil, "9", 9), (9, "9", 9), (9, "12", 12), (12, "9", nil), (nil, "0", 1), (nil, nil, nil), (5, "x", nil),
        ] as [(UInt64?, String?, UInt64?)])
    func theIndexOfABlockingQuery(_ last: UInt64?, _ header: String?, _ next: UInt64?) {
        #expect(BlockingQuery.next(after: last, header: header) == next)
    }

    @Test func aBlockingQueryWaitsForItsIndexAndStartsOverAfterAFailure() async {
        let indexes = ["5", "9", nil, "3", "12"]
        let transport = ScriptedTransport { _, count in
            guard count < indexes.count, let index = indexes[count] else { return .unreachable }
            return .reply("[]", headers: [TextPair("X-Consul-Index", index)])
        }
        var plan = ConsulSourcePlan()
        (plan.address, plan.service, plan.waitMs) = ("http://c:8500", "shop", 30_000)
        (plan.tags, plan.filter, plan.isPassingOnly) = (["a b", "c"], "x == 1", true)
        let clock = ImpatientClock()
        _ = await Sources.answers(ConsulSource(plan: plan, setup: Sources.setup(transport, clock: clock)), 5)
        let asked = transport.requests.prefix(5).map { request in
            request.url.split(separator: "&").first { $0.hasPrefix("index=") }.map(String.init) ?? "at once"
        }
        #expect(asked == ["at once", "index=5", "index=9", "at once", "index=3"])
        #expect(transport.requests[1].timeoutMs == 30_000 + 30_000 / 16 + 10_000)
        #expect(
            transport.requests[0].url
                == "http://c:8500/v1/health/service/shop?filter=x%20%3D%3D%201&passing=1&tag=a%20b&tag=c")
        // At most one round a second, although this server answers at once.
        #expect(clock.sleeps.prefix(4).allSatisfy { $0 >= 1_000 })
    }

    @Test func whatATokenMayNotSeeIsAFailure() async {
        let transport = ScriptedTransport { _, _ in
            .reply("[]", headers: [TextPair("X-Consul-Results-Filtered-By-ACLs", "true")])
        }
        var plan = ConsulSourcePlan()
        (plan.address, plan.service) = ("http://c:8500", "shop")
        let answers = await Sources.answers(ConsulSource(plan: plan, setup: Sources.setup(transport)), 1)
        #expect(answers.first?.reason?.contains("service:read") == true)
    }

    // MARK: What they read

    /// As Consul 1.8.7 answered.
    @Test func consulLabels() throws {
        let body = """
            [{"Node":{"ID":"x","Node":"n1","Address":"127.0.0.1","Datacenter":"dc1",
              "TaggedAddresses":{"lan":"127.0.0.1","lan_ipv4":"127.0.0.1"},"Meta":{"consul-network-segment":""}},
              "Service":{"ID":"checkout-1","Service":"checkout","Tags":["v1.5.0","canary"],"Address":"10.0.0.1",
              "Meta":{"version":"v1.5.0","a.b":"1"},"Port":9090},
              "Checks":[{"CheckID":"serfHealth","Status":"passing"},{"CheckID":"c","Status":"warning"}]},
             {"Node":{"Node":"n2","Address":"fe80::1","Datacenter":"dc1","TaggedAddresses":null,"Meta":null},
              "Service":{"ID":"checkout-2","Service":"checkout","Tags":[],"Address":"","Meta":null,"Port":0},"Checks":[]}]
            """
        let group = try ConsulInstances.group(Array(body.utf8), service: "checkout")
        #expect(group.labels == ["__meta_consul_service": "checkout"])
        #expect(
            group.targets[0].labels == [
                "__address__": "10.0.0.1:9090", "__meta_consul_address": "127.0.0.1", "__meta_consul_dc": "dc1",
                "__meta_consul_health": "warning", "__meta_consul_node": "n1",
                "__meta_consul_service_address": "10.0.0.1", "__meta_consul_service_id": "checkout-1",
                "__meta_consul_service_metadata_a_b": "1", "__meta_consul_service_metadata_version": "v1.5.0",
                "__meta_consul_service_port": "9090", "__meta_consul_tagged_address_lan": "127.0.0.1",
                "__meta_consul_tagged_address_lan_ipv4": "127.0.0.1", "__meta_consul_tags": ",v1.5.0,canary,",
            ])
        #expect(group.targets[0].uniqueID == "n1/checkout-1")
        #expect(group.targets[1].labels["__address__"] == "[fe80::1]:0")
        #expect(group.targets[1].labels["__meta_consul_tags"] == ",,")
        #expect(group.targets[1].labels["__meta_consul_health"] == "passing")
    }

    @Test(
        arguments: [
            ([("a", "passing"), ("b", "critical"), ("c", "warning")], "critical"), ([("a", "warning")], "warning"),
            ([("_node_maintenance", "critical")], "maintenance"),
            ([("_service_maintenance:x", "critical")], "maintenance"),
        ] as [([(String, String)], String)])
    func theHealthIsThatOfTheWorstCheck(_ checks: [(String, String)], _ health: String) {
        #expect(ConsulInstances.health(checks.map { ConsulInstances.Check(id: $0, status: $1) }) == health)
    }

    @Test func nomadAnswersInParts() async {
        let entry: @Sendable (Int) -> String = { id in
            "{\"ID\":\"i\(id)\",\"ServiceName\":\"shop\",\"Address\":\"10.0.0.\(id)\",\"Port\":80,\"Namespace\":\"default\","
                + "\"Datacenter\":\"dc1\",\"NodeID\":\"n\",\"Tags\":[\"a\",\"b\"]}"
        }
        let transport = ScriptedTransport { request, _ in
            request.url.contains("next_token=t2")
                ? .reply("[\(entry(2))]", headers: [TextPair("X-Nomad-Index", "9")])
                : .reply(
                    "[\(entry(1))]", headers: [TextPair("X-Nomad-Index", "9"), TextPair("X-Nomad-NextToken", "t2")])
        }
        var plan = NomadSourcePlan()
        (plan.address, plan.service) = ("http://n:4646", "shop")
        let labels = await Sources.answers(NomadSource(plan: plan, setup: Sources.setup(transport)), 1).first?.labels
        #expect(
            labels
                == [1, 2].map { id in
                    [
                        "__address__": "10.0.0.\(id):80", "__meta_nomad_address": "10.0.0.\(id)",
                        "__meta_nomad_dc": "dc1",
                        "__meta_nomad_node_id": "n", "__meta_nomad_namespace": "default",
                        "__meta_nomad_service": "shop",
                        "__meta_nomad_service_address": "10.0.0.\(id)", "__meta_nomad_service_port": "80",
                        "__meta_nomad_service_id": "i\(id)", "__meta_nomad_tags": ",a,b,",
                    ]
                })
    }

    @Test func dockerLabels() throws {
        let containers = """
            [{"Id":"c1","Names":["/shop"],"Image":"shop:1","ImageID":"sha256:1","Labels":{"com.docker.app":"shop"},
              "Ports":[{"IP":"0.0.0.0","PrivatePort":8080,"PublicPort":18080,"Type":"tcp"},{"PrivatePort":53,"Type":"udp"},
                       {"PrivatePort":9090,"Type":"tcp"}],
              "HostConfig":{"NetworkMode":"b"},"NetworkSettings":{"Networks":{
                "b":{"IPAddress":"172.18.0.2","NetworkID":"nb"},"a":{"IPAddress":"172.17.0.2","NetworkID":"na"}}}},
             {"Id":"c2","Names":["/side"],"Labels":{},"Ports":[],"HostConfig":{"NetworkMode":"container:c1"},
              "NetworkSettings":{"Networks":{}}},
             {"Id":"c3","Names":["/hosted"],"Labels":{},"Ports":[],"HostConfig":{"NetworkMode":"host"},
              "NetworkSettings":{"Networks":{"host":{"IPAddress":"","NetworkID":"nh"}}}}]
            """
        let networks = """
            [{"Id":"na","Name":"a","Scope":"local","Internal":true,"Ingress":false,"Labels":{"x.y":"1"}}]
            """
        let group = try DockerContainers.group(
            Array(containers.utf8), networks: Array(networks.utf8), plan: DockerSourcePlan())
        #expect(
            group.targets.map { $0.labels["__address__"] }
                == ["172.17.0.2:8080", "172.17.0.2:9090", "172.17.0.2:80", "localhost"])
        #expect(
            group.targets[0].labels == [
                "__address__": "172.17.0.2:8080", "__meta_docker_container_id": "c1",
                "__meta_docker_container_name": "/shop", "__meta_docker_container_image": "shop:1",
                "__meta_docker_container_image_id": "sha256:1", "__meta_docker_container_network_mode": "b",
                "__meta_docker_container_label_com_docker_app": "shop", "__meta_docker_network_id": "na",
                "__meta_docker_network_name": "a", "__meta_docker_network_scope": "local",
                "__meta_docker_network_internal": "true", "__meta_docker_network_ingress": "false",
                "__meta_docker_network_label_x_y": "1", "__meta_docker_network_ip": "172.17.0.2",
                "__meta_docker_port_private": "8080", "__meta_docker_port_public": "18080",
                "__meta_docker_port_public_ip": "0.0.0.0",
            ])
    }

    @Test func dockerIsAskedThroughItsSocket() async {
        let transport = ScriptedTransport { _, _ in .reply("[]") }
        var plan = DockerSourcePlan()
        plan.labels = ["app=checkout"]
        _ = await Sources.answers(DockerSource(plan: plan, setup: Sources.setup(transport)), 1)
        #expect(transport.requests.allSatisfy { $0.unixSocket == "/var/run/docker.sock" })
        #expect(
            transport.requests[1].url.hasSuffix(
                "/containers/json?filters=%7B%22label%22%3A%5B%22app%3Dcheckout%22%5D%7D"))
    }

    @Test func eurekaLabels() throws {
        let instance = """
            {"instanceId":"h1:shop:8080","hostName":"h1","app":"SHOP","ipAddr":"10.0.0.1","status":"UP","overriddenStatus":"X",
             "port":{"$":8080,"@enabled":"true"},"securePort":{"$":"443","@enabled":"false"},"countryId":1,
             "dataCenterInfo":{"@class":"c","name":"MyOwn"},"metadata":{"@class":"java.util.Collections$EmptyMap","version":"v1"},
             "homePageUrl":"http://h1:8080/","statusPageUrl":"http://h1:8080/info","healthCheckUrl":"http://h1:8080/health",
             "vipAddress":"shop","secureVipAddress":"shop"}
            """
        let down = "{\"instanceId\":\"x\",\"hostName\":\"h2\",\"status\":\"DOWN\"}"
        let alone = "{\"applications\":{\"application\":{\"name\":\"SHOP\",\"instance\":\(instance)}}}"
        let listed =
            "{\"applications\":{\"application\":[{\"name\":\"SHOP\",\"instance\":[\(instance),\(down)]},{\"name\":\"B\"}]}}"
        var plan = EurekaSourcePlan()
        for body in [alone, listed] {
            let groups = try EurekaApplications.groups(Array(body.utf8), plan: plan)
            #expect(groups[0].labels == ["__meta_eureka_app_name": "SHOP"])
            let prefix = "__meta_eureka_app_instance_"
            #expect(
                groups[0].targets.map(\.labels) == [
                    [
                        "__address__": "h1:8080", "instance": "h1:shop:8080", prefix + "hostname": "h1",
                        prefix + "ip_addr": "10.0.0.1", prefix + "status": "UP", prefix + "id": "h1:shop:8080",
                        prefix + "country_id": "1", prefix + "port": "8080", prefix + "port_enabled": "true",
                        prefix + "secure_port": "443", prefix + "secure_port_enabled": "false",
                        prefix + "datacenterinfo_name": "MyOwn", prefix + "metadata_version": "v1",
                        prefix + "homepage_url": "http://h1:8080/", prefix + "statuspage_url": "http://h1:8080/info",
                        prefix + "healthcheck_url": "http://h1:8080/health", prefix + "vip_address": "shop",
                        prefix + "secure_vip_address": "shop",
                    ]
                ])
        }
        (plan.application, plan.isUpOnly) = ("shop", false)
        let groups = try EurekaApplications.groups(Array(listed.utf8), plan: plan)
        #expect(groups.flatMap(\.targets).map { $0.labels["__address__"] } == ["h1:8080", "h2:80"])
    }

    @Test func nacosLabelsAndProtection() throws {
        let body = { (isProtected: Bool) in
            Array(
                """
                {"name":"DEFAULT_GROUP@@shop","hosts":[{"instanceId":"10.0.0.1#8080","ip":"10.0.0.1","port":8080,"weight":1.0,
                 "healthy":true,"enabled":true,"ephemeral":true,"clusterName":"DEFAULT","metadata":{"k.v":"1"}},
                 {"ip":"10.0.0.2","port":8080,"enabled":false}],"reachProtectionThreshold":\(isProtected)}
                """.utf8)
        }
        var plan = NacosSourcePlan()
        (plan.address, plan.service) = ("http://n/nacos", "shop")
        let group = try NacosInstances.group(body(true), plan: plan)
        #expect(
            group.labels == [
                "__meta_nacos_service": "shop", "__meta_nacos_group": "DEFAULT_GROUP", "__meta_nacos_protected": "true",
            ])
        #expect(
            group.targets.map(\.labels) == [
                [
                    "__address__": "10.0.0.1:8080", "__meta_nacos_instance_id": "10.0.0.1#8080",
                    "__meta_nacos_ip": "10.0.0.1", "__meta_nacos_port": "8080", "__meta_nacos_cluster": "DEFAULT",
                    "__meta_nacos_weight": "1", "__meta_nacos_healthy": "true", "__meta_nacos_ephemeral": "true",
                    "__meta_nacos_metadata_k_v": "1",
                ]
            ])
        plan.isHealthyOnly = true
        #expect(throws: SourceError.self) { try NacosInstances.group(body(true), plan: plan) }
        #expect(throws: Never.self) { try NacosInstances.group(body(false), plan: plan) }
    }

    /// The token is asked for once, renewed before it expires, and asked for again when the server refuses it.
    @Test func nacosLogsInForATokenAndShowsNoSecret() async {
        let transport = ScriptedTransport { request, count in
            if request.url.hasSuffix("/v1/auth/login") {
                return .reply("{\"accessToken\":\"token\(count)\",\"tokenTtl\":40,\"globalAdmin\":false}")
            }
            // The second list is refused, with the token in the answer.
            if count == 3 { return .reply("unknown token token0", status: 403) }
            return .reply("{\"hosts\":[{\"ip\":\"10.0.0.1\",\"port\":80}]}")
        }
        var plan = NacosSourcePlan()
        (plan.address, plan.service) = ("http://n/nacos", "shop")
        plan.security.authorization = .basic(user: "ada", password: .environment("PASSWORD"))
        let setup = Sources.setup(transport, secrets: ["PASSWORD": "s&cret"])
        let answers = await Sources.answers(NacosSource(plan: plan, setup: setup), 5)
        #expect(answers.allSatisfy { $0.addresses == ["10.0.0.1:80"] }, "\(answers)")
        let logins = transport.requests.filter { $0.url.hasSuffix("/login") }
        #expect(logins.map { String(decoding: $0.body ?? [], as: UTF8.self) }.first == "username=ada&password=s%26cret")
        #expect(transport.requests.allSatisfy { $0.security.authorization == nil })
        #expect(transport.requests[2].url.contains("accessToken=token0"), "the second list needs no login")
        #expect(transport.requests[5].url.contains("accessToken=token4"))
    }

    @Test func aRefusedLoginOfNacosSaysSoWithoutThePassword() async {
        let transport = ScriptedTransport { _, _ in .reply("bad password s&cret", status: 403) }
        var plan = NacosSourcePlan()
        (plan.address, plan.service) = ("http://n/nacos", "shop")
        plan.security.authorization = .basic(user: "ada", password: .environment("PASSWORD"))
        let setup = Sources.setup(transport, secrets: ["PASSWORD": "s&cret"])
        let answers = await Sources.answers(NacosSource(plan: plan, setup: setup), 1)
        #expect(answers == [.failed(reason: "the login of ada was refused with status 403")])
    }

    @Test func valuesOfEtcdAreGroupsListsOrAddresses() throws {
        func read(_ value: String) throws -> [LabelSet] {
            let entry = EtcdKeys.Entry(key: Array("/shop/a".utf8), value: Array(value.utf8))
            return SourceAnswer.list(try EtcdTargets.groups([entry])).labels ?? []
        }
        #expect(try read(" 10.0.0.1:80\n") == [["__address__": "10.0.0.1:80", "__meta_etcd_key": "/shop/a"]])
        #expect(
            try read("{\"targets\":[\"a:1\"],\"labels\":{\"version\":\"v1\"}}")
                == [["__address__": "a:1", "version": "v1", "__meta_etcd_key": "/shop/a"]])
        #expect(try read("[{\"targets\":[\"a:1\",\"b:1\"]}]").map { $0["__address__"] } == ["a:1", "b:1"])
        for value in ["", "a b\u{1}", "{\"targets\":", "é:1"] {
            #expect(throws: SourceError.self, "\(value)") { try read(value) }
        }
    }

    @Test func etcdIsReadInPartsAtOneRevision() async throws {
        let entry: @Sendable (String) -> String = { key in
            "{\"key\":\"\(SourceBench.base64(key))\",\"value\":\"\(SourceBench.base64("10.0.0.1:80"))\"}"
        }
        let transport = ScriptedTransport { request, count in
            if request.url.hasSuffix("/watch") {
                return .reply("{\"result\":{\"created\":true}}\n{\"result\":{\"events\":[{\"kv\":{}}]}}\n")
            }
            return .reply(
                count == 0
                    ? "{\"header\":{\"revision\":\"41\"},\"kvs\":[\(entry("/s/a"))],\"more\":true}"
                    : "{\"header\":{\"revision\":\"43\"},\"kvs\":[\(entry("/s/b"))]}")
        }
        var plan = EtcdSourcePlan()
        (plan.endpoints, plan.prefix) = (["http://e1", "http://e2"], "/s/")
        let clock = ImpatientClock()
        let answers = await Sources.answers(EtcdSource(plan: plan, setup: Sources.setup(transport, clock: clock)), 2)
        #expect(answers[0].addresses?.count == 2)
        let bodies = transport.requests.map { String(decoding: $0.body ?? [], as: UTF8.self) }
        #expect(bodies[1].contains("\"revision\":\"41\"") && bodies[1].contains(SourceBench.base64("/s/a\0")))
        // The watch begins behind what was read, and its event leads to a new reading at once.
        #expect(bodies[2].contains("\"start_revision\":\"42\""))
        #expect(clock.sleeps.first == 200)
    }
}
