import Testing

@testable import Routers

/// Answers as HAProxy 2.6, Caddy 2.11 and Envoy 1.40 give them, shortened.
@Suite("What a router says it has")
struct RouterSurveyTests {
    @Test func serversOfHAProxyComeWithTheirAddresses() {
        let text = """
            1
            # be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state srv_uweight srv_iweight srv_port
            3 checkout 1 old1 10.0.0.11 2 0 90 90 8080
            3 checkout 2 new1 2001:db8::1 2 0 10 10 8080
            4 static 1 s1 10.0.0.9 2 0 1 1 80

            """
        #expect(
            HAProxyServers.groups(text) == [
                .init(
                    name: "checkout",
                    servers: [
                        .init(name: "old1", addresses: ["10.0.0.11:8080"]),
                        .init(name: "new1", addresses: ["[2001:db8::1]:8080"]),
                    ]), .init(name: "static", servers: [.init(name: "s1", addresses: ["10.0.0.9:80"])]),
            ])
        #expect(HAProxyServers.groups("Unknown command.\n").isEmpty)
    }

    @Test(arguments: [("admin", true), ("operator", false), ("user", false), ("Unknown command.", nil)])
    func theLevelOfASocketDecides(_ answer: String, _ isAdmin: Bool?) {
        #expect(RouterPermission.isAdmin(answer) == isAdmin)
    }

    @Test func handlersOfCaddyAreFoundWhereverTheyAreNested() throws {
        let document = try JSONParser.parse(
            Array(
                """
                {"apps":{"http":{"servers":{"s":{"routes":[{"handle":[{"handler":"subroute","routes":[{"handle":[
                {"@id":"checkout","handler":"reverse_proxy","upstreams":[{"dial":"10.0.0.11:8080"},{"dial":"10.0.0.21:8080"},
                {"dial":"10.0.0.11:8080"}]}]}]},{"handler":"reverse_proxy","upstreams":[]}]}]}}}}}
                """.utf8))
        #expect(
            CaddyProxies.groups(document) == [
                .init(
                    name: "checkout",
                    servers: [
                        .init(name: "10.0.0.11:8080", addresses: ["10.0.0.11:8080"]),
                        .init(name: "10.0.0.21:8080", addresses: ["10.0.0.21:8080"]),
                    ]), .init(name: nil, servers: []),
            ])
    }

    @Test func weightedServicesOfTraefikComeWithTheServersInsideThem() throws {
        let document = try JSONParser.parse(
            Array(
                """
                [{"name":"checkout@file","type":"weighted","weighted":{"services":[{"name":"old","weight":90},
                {"name":"new","weight":10}]}},
                {"name":"old@file","loadBalancer":{"servers":[{"url":"http://10.0.0.11:8080"}]}},
                {"name":"new@file","loadBalancer":{"servers":[{"url":"http://10.0.0.21:8080"}]}},
                {"name":"api@internal"}]
                """.utf8))
        #expect(
            TraefikServices.groups(document) == [
                .init(
                    name: "checkout",
                    servers: [
                        .init(name: "old", addresses: ["http://10.0.0.11:8080"]),
                        .init(name: "new", addresses: ["http://10.0.0.21:8080"]),
                    ])
            ])
    }

    @Test func weightedRoutesOfEnvoyComeWithTheHostsOfTheirClusters() throws {
        let clusters = try JSONParser.parse(
            Array(
                """
                {"cluster_statuses":[{"name":"old","host_statuses":[{"address":{"socket_address":
                {"address":"10.0.0.11","port_value":8080}}}]},{"name":"new"}]}
                """.utf8))
        let dump = try JSONParser.parse(
            Array(
                """
                {"configs":[{"route_config":{"name":"web","virtual_hosts":[{"routes":[{"route":{"weighted_clusters":
                {"runtime_key_prefix":"split","clusters":[{"name":"old","weight":90},{"name":"new","weight":10}]}}}]}]}}]}
                """.utf8))
        let groups = EnvoyHosts.groups(EnvoyRoutes(dump: dump).routes, hosts: EnvoyHosts.byCluster(clusters))
        #expect(
            groups == [
                .init(
                    name: "web",
                    servers: [
                        .init(name: "old", addresses: ["10.0.0.11:8080"]), .init(name: "new", addresses: []),
                    ], runtimePrefix: "split")
            ])
    }
}
