import Model
import Routers
import Testing

private typealias Step = HTTPRouterPlan.Step

/// A plan that cannot work is refused before anything is called, with what is wrong and where.
struct RouterFactoryTests {
    private static func weights(
        sockets: [String] = ["/run/haproxy.sock"], backend: String = "be", baseline: [String] = ["old1"],
        canary: [String] = ["new1"]
    ) -> RouterPlan {
        let mode = HAProxyPlan.Mode.weights(backend: backend, baseline: baseline, canary: canary, sticky: false)
        return .haproxy(HAProxyPlan(sockets: sockets, mode: mode))
    }

    private static func map(_ file: String, _ key: String) -> RouterPlan {
        .haproxy(HAProxyPlan(sockets: ["127.0.0.1:9999"], mode: .map(file: file, key: key)))
    }

    private static func http(
        _ steps: [HTTPRouterPlan.Step], instances: [String] = ["http://r"], socket: String? = nil, total: Int = 100,
        variables: [TextPair] = [], readBack: HTTPRouterPlan.ReadBack? = nil
    ) -> RouterPlan {
        .http(
            HTTPRouterPlan(
                instances: instances, unixSocket: socket, total: total, variables: variables, set: steps,
                readBack: readBack))
    }

    private static func put(_ url: String) -> HTTPRouterPlan.Step { Step(method: "PUT", url: url) }

    @Test(arguments: [
        weights(), weights(sockets: ["[::1]:9999", "router.example:1", "/a b/c.sock"], backend: "a.b-c_d:e"),
        map("/etc/haproxy/split.map", "app:eu"), map("virt@split", "ключ"),
        .gray(GrayRouterPlan(instances: ["https://r/admin/"])),
        http([put("/${weight.canary}")]), http([put("http://other:1/x")]), http([put("${instance}")]),
    ])
    func whatCanWorkIsTaken(plan: RouterPlan) {
        #expect(complaint(about: plan) == nil)
    }

    @Test(arguments: [
        "be;shutdown sessions server be/old1", "be\nshow info", "be old", "", "be/old", "be\\", "bé",
        String(repeating: "a", count: 300),
    ])
    func noNameCanBecomeACommand(name: String) throws {
        for plan in [
            Self.weights(backend: name), Self.weights(baseline: [name]), Self.weights(canary: ["new1", name]),
        ] {
            let message = try #require(complaint(about: plan))
            #expect(message.hasPrefix("release \"checkout\", router haproxy: "))
            #expect(!message.contains("\n") && message.utf8.count < 600)
        }
    }

    @Test(arguments: [
        ("/a;b", "k"), ("/a b", "k"), ("/a\nb", "k"), ("", "k"), ("/a", ""), ("/a", "<<"), ("/a", "k k"),
        ("/a", "k\u{2028}"),
        ("@1", "k"), ("#3", "k"), ("/a", "\"k"), ("/a", "k\\"), ("/a", "#0x1"),
    ])
    func noMapEntryCanBecomeACommand(file: String, key: String) {
        #expect(complaint(about: Self.map(file, key)) != nil)
    }

    @Test(
        arguments: [
            (weights(sockets: []), "no socket"), (weights(sockets: ["/a", "/a"]), "named twice"),
            (weights(sockets: ["admin.sock"]), "absolute path"), (weights(sockets: ["h:0"]), "HOST:PORT"),
            (weights(sockets: ["h:65536"]), "HOST:PORT"), (weights(sockets: [":80"]), "HOST:PORT"),
            (weights(sockets: ["::1:80"]), "HOST:PORT"), (weights(sockets: ["a\n:80"]), "control character"),
            (weights(sockets: ["/" + String(repeating: "a", count: 107)]), "107"),
            (weights(baseline: []), "servers.baseline"), (weights(canary: []), "servers.canary"),
            (weights(baseline: ["a", "a"]), "named twice"), (weights(baseline: ["new1"]), "named twice"),
            (.gray(GrayRouterPlan(instances: [])), "no instance"),
            (.gray(GrayRouterPlan(instances: ["127.0.0.1:9412"])), "http://"),
            (.gray(GrayRouterPlan(instances: ["http://"])), "no host"),
            (.gray(GrayRouterPlan(instances: ["http://u:p@:80"])), "no host"),
            (.gray(GrayRouterPlan(instances: ["http://a", "http://a/"])), "named twice"),
            (.gray(GrayRouterPlan(instances: ["http://a?x=1"])), "'?'"),
            (.gray(GrayRouterPlan(instances: ["http://a b"])), "spaces"),
        ] as [(RouterPlan, String)])
    func anAddressThatCannotWorkIsNamed(plan: RouterPlan, excerpt: String) throws {
        let message = try #require(complaint(about: plan))
        #expect(message.contains(excerpt), "\(message)")
    }

    @Test(
        arguments: [
            (http([]), "set needs 1 to 20 steps"),
            (http([put("/${weight.canray}")]), "\"${weight.canray}\" is unknown here; there are basis_points.baseline"),
            (http([put("/${var.x}")], variables: [TextPair("y", "1")]), "var.y"),
            (http([put("/${weight.canary")]), "has no \"}\""), (http([put("/${weight.canary|shout}")]), "no filter"),
            (
                http([put("/${etag}"), Step(url: "/", capture: [.init(variable: "etag", origin: .header("ETag"))])]),
                "set, step 1"
            ),
            (http([put("http://${var.h}/x")], variables: [TextPair("h", "r")]), "must name its host"),
            (http([put("http:///x")]), "must name its host"), (http([put("ftp://a/x")]), "must be a path"),
            (http([put("x")]), "must be a path"), (http([put("/a b")]), "percent-encoded"),
            (http([put("/a#b")]), "percent-encoded"),
            (http([Step(method: "put", url: "/")]), "method \"put\""),
            (http([Step(method: "P T", url: "/")]), "method"),
            (http([Step(url: "/", body: .text("x"))]), "a GET with a body"),
            (http([Step(url: "/", headers: [TextPair("a b", "c")])]), "no header name"),
            (http([Step(url: "/", headers: [TextPair("a", "c\r\nd: e")])]), "line break"),
            (http([Step(url: "/", timeoutMs: 0)]), "timeout"), (http([Step(url: "/", expect: [])]), "expect is empty"),
            (http([Step(url: "/", expect: [20])]), "no HTTP status"),
            (http([Step(url: "/", require: [.init(pointer: "a", equals: .null)])]), "pointer \"a\""),
            (http([Step(url: "/", require: [.init(pointer: "/a", filters: ["zip"], equals: .null)])]), "no filter"),
            (
                http([Step(url: "/", capture: [.init(variable: "release", origin: .pointer("/a"))])]),
                "cannot be captured"
            ),
            (http([Step(url: "/", capture: [.init(variable: "a.b", origin: .pointer("/a"))])]), "cannot be captured"),
            (http([Step(url: "/", capture: [.init(variable: "a", origin: .pointer("/~"))])]), "~0"),
            (http([put("/")], total: 0), "total"), (http([put("/")], total: 2_000_000), "total"),
            (http([put("/")], socket: "run.sock"), "unix_socket"),
            (http([put("/")], variables: [TextPair("a", "1"), TextPair("a", "2")]), "given twice"),
            (http([put("/")], readBack: .init(steps: [], canary: .init(pointer: "/a"))), "read_back needs"),
            (
                http(
                    [put("/")], readBack: .init(steps: [Step(url: "/${weight.canary}")], canary: .init(pointer: "/a"))),
                "no value in a read-back"
            ),
            (
                http([put("/")], readBack: .init(steps: [put("/x")], canary: .init(pointer: "/a"))), "must only read"
            ),
            (
                http([put("/")], readBack: .init(steps: [Step(url: "/")], canary: .init(pointer: "a"))),
                "read_back: the pointer"
            ),
        ] as [(RouterPlan, String)])
    func aTemplateThatCannotWorkIsNamed(plan: RouterPlan, excerpt: String) throws {
        let message = try #require(complaint(about: plan))
        #expect(message.hasPrefix("release \"checkout\", router http: "))
        #expect(message.contains(excerpt), "\(message)")
    }

    @Test func aBodyThatIsTooDeepIsRefused() {
        var body = HTTPRouterPlan.Body.null
        for _ in 0..<200 { body = .list([body]) }
        #expect(complaint(about: Self.http([Step(method: "PUT", url: "/", body: body)]))?.contains("deeper") == true)
    }

    @Test func anErrorShowsNoPassword() {
        let message = complaint(about: .gray(GrayRouterPlan(instances: ["http://u:hunter22@a b/?token=abc"])))
        #expect(message?.contains("hunter22") == false && message?.contains("abc") == false)
        let url = complaint(about: Self.http([Self.put("ftp://u:hunter22@a/x?token=abc")]))
        #expect(url?.contains("hunter22") == false && url?.contains("abc") == false)
    }

    @Test func whatADriverCanDoIsWhatItsPlanSays() throws {
        func capabilities(_ plan: RouterPlan) throws -> RouterCapabilities { try makeDriver(plan).capabilities }
        #expect(
            try capabilities(.gray(GrayRouterPlan(instances: ["http://r"])))
                == RouterCapabilities(
                    readBack: .acked, movesStickyClients: true, granularityBasisPoints: 1, growth: .sameUsers,
                    keeps: .everything))
        #expect(
            try capabilities(Self.weights())
                == RouterCapabilities(
                    readBack: .loaded, movesStickyClients: false, granularityBasisPoints: 39, growth: .perRequest))
        #expect(
            try capabilities(Self.map("/a", "k"))
                == RouterCapabilities(readBack: .loaded, movesStickyClients: true, granularityBasisPoints: 100))
        #expect(
            try capabilities(Self.http([Self.put("/${weight.canary}")], total: 256))
                == RouterCapabilities(readBack: .none, movesStickyClients: false, granularityBasisPoints: 40))
    }
}
