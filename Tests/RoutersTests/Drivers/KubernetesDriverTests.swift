import Model
import Ports
import Testing

@testable import Routers

/// Objects of the documentation of Gateway API and Istio, errors of a kube-apiserver; no gateway and no mesh ran.
struct KubernetesDriverTests {
    private static func route(
        _ weights: (String, String) = (#","weight":90"#, #","weight":10"#), generation: Int = 8, observed: Int = 8,
        accepted: String = "True", status: Bool = true
    ) -> String {
        let condition =
            #"{"type":"Accepted","status":"\#(accepted)","reason":"NoMatchingParent","message":"no such listener","#
            + #""observedGeneration":\#(observed)}"#
        let parents =
            #"{"parents":[{"parentRef":{"name":"edge"},"conditions":[{"type":"ResolvedRefs","status":"True"},\#(condition)]}]}"#
        return #"{"kind":"HTTPRoute","metadata":{"name":"shop","resourceVersion":"4711","generation":\#(generation)},"#
            + #""spec":{"rules":[{"matches":[{"headers":[{"name":"x-tester","value":"1"}]}],"backendRefs":[{"name":"shop-v2","port":80}]},"#
            + #"{"backendRefs":[{"name":"shop-v1","port":80\#(weights.0)},{"name":"shop-v2","port":80\#(weights.1)}],"timeouts":{"request":"3s"}}]}"#
            + (status ? #","status":\#(parents)"# : "") + "}"
    }

    private static let service = """
        {"kind":"VirtualService","metadata":{"name":"shop","resourceVersion":"12","generation":3},"spec":{"http":[
        {"route":[{"destination":{"host":"shop","subset":"v2"},"weight":10},
        {"destination":{"host":"shop","subset":"v1"},"weight":90}],"timeout":"3s"}]}}
        """

    private static let backends = KubernetesPlan.Route.httpRoute(PoolPair(baseline: "shop-v1", canary: "shop-v2"))
    private static let destinations = KubernetesPlan.Route.virtualService(
        baseline: .init(host: "shop", subset: "v1"), canary: .init(host: "shop", subset: "v2"))

    private func driver(
        _ route: KubernetesPlan.Route = Self.backends, _ transport: FakeTransport
    ) throws -> any RouterDriver {
        try makeDriver(.kubernetes(KubernetesPlan(namespace: "web", name: "shop", route: route)), transport: transport)
    }

    private func transport(_ object: String, _ patches: [FakeTransport.Answer] = [.reply(200, "{}")]) -> FakeTransport {
        FakeTransport { request, count in
            request.method == "GET" ? .reply(200, object) : patches[min(count / 2, patches.count - 1)]
        }
    }

    @Test func anHTTPRouteIsPatchedUnderItsNames() async throws {
        let transport = transport(Self.route())
        #expect(
            try await driver(Self.backends, transport).apply(.allBaseline, timeoutMs: 1_000).map(\.outcome) == [
                .accepted
            ])
        let patch = try #require(transport.requests.last)
        #expect(
            patch.url
                == "https://kubernetes.default.svc/apis/gateway.networking.k8s.io/v1/namespaces/web/httproutes/shop")
        #expect(patch.method == "PATCH" && patch.header("Content-Type") == "application/json-patch+json")
        #expect(
            patch.bodyText == #"[{"op":"test","path":"/spec/rules/1/backendRefs/0/name","value":"shop-v1"},"#
                + #"{"op":"test","path":"/spec/rules/1/backendRefs/1/name","value":"shop-v2"},"#
                + #"{"op":"add","path":"/spec/rules/1/backendRefs/0/weight","value":100},"#
                + #"{"op":"add","path":"/spec/rules/1/backendRefs/1/weight","value":0}]"#)
        // The token is a reference, so that a renewed one is taken up by the next call.
        #expect(
            patch.security.authorization
                == .bearer(.file("/var/run/secrets/kubernetes.io/serviceaccount/token")))
        #expect(patch.security.caFile == "/var/run/secrets/kubernetes.io/serviceaccount/ca.crt")
    }

    @Test func aShareIsSetOnConditionOfTheVersionThatWasRead() async throws {
        let transport = transport(Self.service)
        let receipts = try await driver(Self.destinations, transport).apply(
            Split(canaryBasisPoints: 2_500), timeoutMs: 1_000)
        #expect(receipts.map(\.outcome) == [.accepted])
        let patch = try #require(transport.requests.last)
        #expect(patch.url.hasSuffix("/apis/networking.istio.io/v1/namespaces/web/virtualservices/shop"))
        #expect(
            patch.bodyText == #"[{"op":"test","path":"/metadata/resourceVersion","value":"12"},"#
                + #"{"op":"test","path":"/spec/http/0/route/0/destination/host","value":"shop"},"#
                + #"{"op":"test","path":"/spec/http/0/route/0/destination/subset","value":"v2"},"#
                + #"{"op":"test","path":"/spec/http/0/route/1/destination/host","value":"shop"},"#
                + #"{"op":"test","path":"/spec/http/0/route/1/destination/subset","value":"v1"},"#
                + #"{"op":"add","path":"/spec/http/0/route/0/weight","value":25},"#
                + #"{"op":"add","path":"/spec/http/0/route/1/weight","value":75}]"#)
    }

    @Test(
        arguments: [
            (route(), 1_000, nil), (route(("", "")), 5_000, nil), (route((#","weight":1"#, #","weight":0"#)), 0, nil),
            (route((#","weight":0"#, #","weight":0"#)), nil, "all weights"),
            (route(observed: 7), nil, "edge has not taken the route over yet: it is at generation 7 of 8"),
            (route(accepted: "False"), nil, "edge does not accept the route: no such listener"),
            (route(status: false), nil, "no gateway has taken the route over"),
            (#"{"kind":"HTTPRoute","metadata":{"resourceVersion":"1"},"spec":{}}"#, nil, "it leads nowhere"),
            (
                #"{"metadata":{"resourceVersion":"1"},"spec":{"rules":[{"backendRefs":[{"name":"a"}]}]}}"#, nil,
                "leads to a"
            ),
            ("[]", nil, "no Kubernetes object"), ("", nil, "not JSON"),
        ] as [(String, Int?, String?)])
    func anHTTPRouteIsBelievedWhenTheGatewayHasIt(object: String, share: Int?, excerpt: String?) async throws {
        let seen = try #require(try await driver(Self.backends, transport(object)).observe(timeoutMs: 1_000).first)
        #expect(seen.canaryBasisPoints == share && seen.level == .acked, "\(seen)")
        if let excerpt { #expect(seen.problem?.contains(excerpt) == true, "\(seen)") }
        if share != nil { #expect(seen.problem == "1 rules lead to the canary alone and are left as they are") }
    }

    @Test func aVirtualServiceReportsItsConfigurationOnly() async throws {
        let seen = try #require(
            try await driver(Self.destinations, transport(Self.service)).observe(timeoutMs: 1_000).first)
        #expect(seen.canaryBasisPoints == 1_000 && seen.level == .config && seen.revision == "12")
        #expect(seen.instance == "virtualservices/web/shop")
    }

    /// A failed `test` is a 422; a schema that says no is one as well, and no conflict.
    @Test func aFailedTestIsAConflictThatARollbackTriesAgain() async throws {
        let failed =
            #"{"kind":"Status","status":"Failure","message":"the server rejected our request due to an error in our request","code":422}"#
        let transport = transport(Self.route(), [.reply(422, failed), .reply(200, "{}")])
        #expect(
            try await driver(Self.backends, transport).apply(.allBaseline, timeoutMs: 1_000).map(\.outcome) == [
                .accepted
            ])
        #expect(transport.requests.count == 4)
        let invalid = #"{"reason":"Invalid","message":"spec.rules[1].backendRefs[1].weight: Invalid value","code":422}"#
        let receipt = try #require(
            try await driver(Self.backends, self.transport(Self.route(), [.reply(422, invalid)]))
                .apply(.allBaseline, timeoutMs: 1_000).first)
        #expect(receipt.outcome == .rejected && receipt.detail.contains("Invalid value"))
    }

    @Test(
        arguments: [
            (401, "Unauthorized", .rejected, "not accepted"),
            (
                403, #"httproutes.gateway.networking.k8s.io \"shop\" is forbidden"#, .rejected,
                "needs get and patch on httproutes shop"
            ),
            (404, "not found", .rejected, "404"), (409, "conflict", .conflict, "409"),
            (500, "etcdserver: leader changed", .unknown, "leader changed"),
        ] as [(Int, String, RouterReceipt.Outcome, String)])
    func anAnswerBecomesAnOutcome(status: Int, message: String, outcome: RouterReceipt.Outcome, excerpt: String)
        async throws
    {
        let answer = FakeTransport.Answer.reply(status, "{\"kind\":\"Status\",\"message\":\"\(message)\"}")
        let receipt = try #require(
            try await driver(Self.backends, transport(Self.route(), [answer])).apply(.allBaseline, timeoutMs: 1_000)
                .first)
        #expect(receipt.outcome == outcome && receipt.detail.contains(excerpt), "\(receipt)")
    }
}
