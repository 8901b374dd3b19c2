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
                {"@id":"checkout","handler":"reverse_proxy","load_balancing":{"selection_policy":
                {"policy":"weighted_round_robin","weights":[9,1,9]}},"upstreams":[{"dial":"10.0.0.11:8080"},
                {"dial":"10.0.0.21:8080"},{"dial":"10.0.0.11:8080"}]}]}]},{"handler":"reverse_proxy","upstreams":[]},
                {"handler":"reverse_proxy","load_balancing":{"selection_policy":{"policy":"ip_hash"}}}]}]}}}}}
                """.utf8))
        #expect(
            CaddyProxies.groups(document) == [
                .init(
                    name: "checkout",
                    servers: [
                        .init(name: "10.0.0.11:8080", addresses: ["10.0.0.11:8080"]),
                        .init(name: "10.0.0.21:8080", addresses: ["10.0.0.21:8080"]),
                    ], method: .weights), .init(name: nil, servers: [], method: .upstreams),
                .init(name: nil, servers: []),
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

    /// Output of nginx 1.22, shortened.
    private static let split = """
        # configuration file /etc/nginx/nginx.conf:
        events {}
        http {
            # upstream hidden { server 10.0.0.9:80; }
            include /etc/nginx/checkout.conf;
            upstream old { server 10.0.0.11:8080 weight=2; server 10.0.0.12:8080; server 10.0.0.13:8080 backup; }
            upstream new { server 10.0.0.21:8080; }
            init_by_lua_block { local brace = {} }
            log_format main '$request {"}';
            server { location / { proxy_pass http://${checkout_version}; } }
        }

        # configuration file /etc/nginx/checkout.conf:
        split_clients "$request_id" $checkout_version { 10% new; * old; }
        map "" $rollguard_checkout { default '{"canary_basis_points":1000,"revision":"first"}'; }

        """

    @Test func variablesOfNginxComeWithTheServersOfTheirUpstreams() throws {
        let groups = NginxSplits.groups(NginxDump.files(Self.split))
        let place = NginxPlace(
            file: "/etc/nginx/checkout.conf", choices: [.init(variable: "$checkout_version", key: "$request_id")],
            release: "checkout", foreign: nil)
        #expect(
            groups.first { $0.name == "$checkout_version" }
                == .init(
                    name: "$checkout_version",
                    servers: [
                        .init(name: "new", addresses: ["10.0.0.21:8080"]),
                        .init(name: "old", addresses: ["10.0.0.11:8080", "10.0.0.12:8080"]),
                    ], place: place))
    }

    /// After a rollback the canary is in no line of the file.
    @Test func theOtherVersionIsLookedForAmongAllUpstreams() {
        let dump = Self.split.replacing("10% new; * old;", with: "* old;")
        let group = NginxSplits.groups(NginxDump.files(dump)).first { $0.name == "$checkout_version" }
        #expect(group?.servers.map(\.name) == ["old", "new"])
    }

    @Test func anUpstreamOfNginxInAFileOfItsOwnCanBeWritten() {
        let dump = """
            # configuration file ./upstream.conf:
            upstream checkout { server 10.0.0.11:8080 weight=9; server 10.0.0.21:8080 down; }
            map "" $rollguard_shop { default '{}'; }
            """
        let place = NginxPlace(file: "./upstream.conf", choices: [], release: "shop", foreign: nil)
        let servers = ["10.0.0.11:8080", "10.0.0.21:8080"].map { RouterSurvey.Server(name: $0, addresses: [$0]) }
        #expect(NginxSplits.groups(NginxDump.files(dump)) == [.init(name: "checkout", servers: servers, place: place)])
    }

    /// Rollguard writes the whole file, so whatever else is in it would be lost.
    @Test(
        arguments: [
            ("upstream a { server h:1; server h:2; } upstream b { server h:3; }", "upstream"),
            ("http { upstream a { server h:1; server h:2; } }", "http"),
            ("split_clients $request_id $v { * a; } keepalive_timeout 5s;", "keepalive_timeout"),
        ])
    func whatElseIsInTheFileIsSaid(_ text: String, _ foreign: String) {
        let groups = NginxSplits.groups(NginxDump.files("# configuration file /a:\n\(text)\n"))
        #expect(groups.first?.place?.foreign == foreign && groups.first?.place?.release == nil)
    }

    @Test(arguments: ["upstream a {", "upstream a { server h:1; }}", "a", "map x y { default '", "server {{}"])
    func aFileThatIsNotBalancedHasNoStatements(_ text: String) {
        let files = NginxDump.files("# configuration file /a:\n\(text)\n")
        #expect(files.map(\.statements) == [nil])
        #expect(NginxSplits.groups(files).isEmpty)
    }

    /// Whatever a file holds, reading it ends.
    @Test func deepNestingIsRefused() {
        let deep = String(repeating: "a {", count: 10_000)
        #expect(NginxDump.files("# configuration file /a:\n\(deep)").map(\.statements) == [nil])
    }
}
