import Model
import Ports
import Routers
import Testing

private typealias Step = HTTPRouterPlan.Step
private typealias Body = HTTPRouterPlan.Body

/// The generic driver, with the APIs of real routers.
struct HTTPRouterDriverTests {
    private func object(_ members: [(String, HTTPRouterPlan.Body)]) -> HTTPRouterPlan.Body {
        .object(members.map { HTTPRouterPlan.Member(name: $0.0, value: $0.1) })
    }

    private let tenPercent = Split(canaryBasisPoints: 1_000)

    // MARK: Real APIs

    private var envoy: HTTPRouterPlan {
        HTTPRouterPlan(
            instances: ["http://127.0.0.1:9901"],
            set: [
                Step(
                    method: "POST",
                    url:
                        "/runtime_modify?split.${release}.old=${weight.baseline}&split.${release}.new=${weight.canary}",
                    bodyEquals: "OK")
            ],
            readBack: .init(
                steps: [Step(url: "/runtime")], canary: .init(pointer: "/entries/split.checkout.new/final_value"),
                baseline: .init(pointer: "/entries/split.checkout.old/final_value")))
    }

    @Test func envoyIsSetByAQuery() async throws {
        let transport = FakeTransport(answers: [.reply(200, "OK\n")])
        let driver = try makeDriver(.http(envoy), transport: transport)
        #expect(await driver.apply(tenPercent, timeoutMs: 1_000).map(\.outcome) == [.accepted])
        let wanted = "http://127.0.0.1:9901/runtime_modify?split.checkout.old=90&split.checkout.new=10"
        #expect(transport.requests.map(\.url) == [wanted])
        #expect(transport.requests.first?.body == nil)
        #expect(driver.plan(tenPercent).map(\.call) == ["POST " + wanted])
        #expect(driver.capabilities.granularityBasisPoints == 100 && driver.capabilities.readBack == .config)
    }

    @Test func envoyReportsItsWeightsAsTexts() async throws {
        let body = #"{"entries":{"split.checkout.new":{"final_value":"30"},"split.checkout.old":{"final_value":"70"}}}"#
        let driver = try makeDriver(.http(envoy), transport: FakeTransport(answers: [.reply(200, body)]))
        #expect(await driver.observe(timeoutMs: 1_000).map(\.canaryBasisPoints) == [3_000])
    }

    @Test func aBodyThatIsNotTheExpectedOneIsARefusal() async throws {
        let driver = try makeDriver(
            .http(envoy), transport: FakeTransport(answers: [.reply(200, "No admin layer specified")]))
        let receipt = try #require(await driver.apply(.allBaseline, timeoutMs: 1_000).first)
        #expect(receipt.outcome == .rejected && receipt.detail.contains("No admin layer specified"))
    }

    private var caddy: HTTPRouterPlan {
        HTTPRouterPlan(
            instances: ["http://127.0.0.1:2019"],
            set: [
                Step(
                    url: "/id/${release}_policy/weights",
                    capture: [.init(variable: "etag", origin: .header("Etag"))]),
                Step(
                    method: "PATCH", url: "/id/${release}_policy/weights", headers: [TextPair("If-Match", "${etag}")],
                    body: .list([.text("${weight.baseline}"), .text("${weight.canary}")])),
            ],
            readBack: .init(
                steps: [
                    Step(
                        url: "/id/${release}_policy",
                        require: [.init(pointer: "/policy", equals: .text("weighted_round_robin"))])
                ], canary: .init(pointer: "/weights/1"), baseline: .init(pointer: "/weights/0")))
    }

    @Test func caddyIsSetOnConditionOfItsEtag() async throws {
        let transport = FakeTransport(answers: [
            .reply(200, "[90,10]", headers: [TextPair("Etag", "\"/id a1\"")]), .reply(200),
        ])
        let driver = try makeDriver(.http(caddy), transport: transport)
        #expect(await driver.apply(.allBaseline, timeoutMs: 1_000).map(\.outcome) == [.accepted])
        let patch = try #require(transport.requests.last)
        #expect(patch.bodyText == "[100,0]")
        #expect(patch.header("If-Match") == "\"/id a1\"" && patch.header("Content-Type") == "application/json")
        #expect(
            driver.plan(.allBaseline).map(\.call) == [
                "GET http://127.0.0.1:2019/id/checkout_policy/weights",
                "PATCH http://127.0.0.1:2019/id/checkout_policy/weights If-Match: <etag> [100,0]",
            ])
    }

    @Test(
        arguments: [
            (#"{"policy":"weighted_round_robin","weights":[90,10]}"#, 1_000, nil),
            (#"{"policy":"random","weights":[90,10]}"#, nil, "\"/policy\" of the answer is \"random\""),
            (#"{"policy":"weighted_round_robin","weights":[90]}"#, nil, "nothing at \"/weights/1\""),
            (#"{"policy":"weighted_round_robin","weights":[0,0]}"#, nil, "0 and 0"),
            (#"{"policy":"weighted_round_robin","weights":[1,"x"]}"#, nil, "not a number"),
            (#"{"policy":"weighted_round_robin","weights":[99999,1]}"#, 1, nil),
            (#"{"policy":"weighted_round_robin","weights":[-1,1]}"#, nil, "not a number"),
            ("", nil, "missing"),
        ] as [(String, Int?, String?)])
    func aReadBackIsBelievedOnlyWhenItIsWhatItShouldBe(body: String, share: Int?, excerpt: String?) async throws {
        let driver = try makeDriver(.http(caddy), transport: FakeTransport(answers: [.reply(200, body)]))
        let seen = try #require(await driver.observe(timeoutMs: 1_000).first)
        #expect(seen.canaryBasisPoints == share && seen.level == .config)
        #expect(excerpt.map { seen.problem?.contains($0) == true } ?? (seen.problem == nil), "\(seen)")
    }

    @Test func aRollbackReadsAgainAfterAConflictAndAPromotionDoesNot() async throws {
        let script: @Sendable (HTTPRequest, Int) -> FakeTransport.Answer = { request, count in
            request.method == "GET"
                ? .reply(200, "[90,10]", headers: [TextPair("Etag", "e\(count)")])
                : request.header("If-Match") == "e4" ? .reply(200) : .reply(412, "stale")
        }
        let rollback = FakeTransport(script)
        #expect(
            try await makeDriver(.http(caddy), transport: rollback).apply(.allBaseline, timeoutMs: 1_000).map(\.outcome)
                == [.accepted])
        #expect(rollback.requests.count == 6)

        let promotion = FakeTransport(script)
        let receipt = try #require(
            try await makeDriver(.http(caddy), transport: promotion).apply(tenPercent, timeoutMs: 1_000).first)
        #expect(receipt.outcome == .conflict && receipt.detail.contains("stale"), "\(receipt)")
        #expect(promotion.requests.count == 2)
    }

    @Test func conflictsWithoutAnEndEndWithAConflict() async throws {
        let transport = FakeTransport { request, _ in
            request.method == "GET" ? .reply(200, "[]", headers: [TextPair("Etag", "x")]) : .reply(412)
        }
        let receipts = try await makeDriver(.http(caddy), transport: transport).apply(.allBaseline, timeoutMs: 1_000)
        #expect(receipts.map(\.outcome) == [.conflict])
        #expect(transport.requests.count == 6)
    }

    private var consul: HTTPRouterPlan {
        let splits = Body.list([
            object([("Weight", .text("${weight.baseline}")), ("ServiceSubset", .text("${version.baseline}"))]),
            object([("Weight", .text("${weight.canary}")), ("ServiceSubset", .text("${version.canary}"))]),
        ])
        return HTTPRouterPlan(
            instances: ["http://127.0.0.1:8500"], variables: [TextPair("entry", "service-splitter")],
            set: [
                Step(
                    url: "/v1/config/${var.entry}/${release}",
                    capture: [.init(variable: "index", origin: .pointer("/ModifyIndex"))]),
                Step(
                    method: "PUT", url: "/v1/config?cas=${index}",
                    body: object([
                        ("Kind", .text("${var.entry}")), ("Name", .text("${release}")), ("Splits", splits),
                    ]), require: [.init(pointer: "", equals: .bool(true), isConflict: true)]),
            ],
            security: ClientSecurity(
                authorization: .header(name: "X-Consul-Token", value: .environment("CONSUL_TOKEN"))))
    }

    @Test func consulIsSetByItsModifyIndex() async throws {
        let transport = FakeTransport(answers: [
            .reply(200, #"{"ModifyIndex":9007199254740993}"#), .reply(200, "true"),
        ])
        let driver = try makeDriver(.http(consul), transport: transport)
        #expect(await driver.apply(tenPercent, timeoutMs: 1_000).map(\.outcome) == [.accepted])
        #expect(transport.requests.last?.url == "http://127.0.0.1:8500/v1/config?cas=9007199254740993")
        #expect(
            transport.requests.last?.bodyText
                == #"{"Kind":"service-splitter","Name":"checkout","Splits":[{"Weight":90,"ServiceSubset":"v1.4.2"},"#
                + #"{"Weight":10,"ServiceSubset":"v1.5.0"}]}"#)
        let calls = driver.plan(.allBaseline).map(\.call)
        #expect(calls.first == "GET http://127.0.0.1:8500/v1/config/service-splitter/checkout X-Consul-Token: ***")
        #expect(calls.last?.hasPrefix("PUT http://127.0.0.1:8500/v1/config?cas=<index> X-Consul-Token: *** {") == true)
    }

    @Test func aFalseInABodyOf200IsAConflict() async throws {
        let transport = FakeTransport { request, _ in
            request.method == "GET" ? .reply(200, #"{"ModifyIndex":7}"#) : .reply(200, "false")
        }
        let receipt = try #require(
            await makeDriver(.http(consul), transport: transport).apply(tenPercent, timeoutMs: 1_000).first)
        #expect(receipt.outcome == .conflict && receipt.detail.contains("the body is false, not true"), "\(receipt)")
    }

    @Test func aReadBackThatIsNotConfiguredIsSaidSo() async throws {
        let driver = try makeDriver(.http(consul), transport: FakeTransport(answers: [.reply(500)]))
        #expect(driver.capabilities.readBack == .none)
        let seen = try #require(await driver.observe(timeoutMs: 1_000).first)
        #expect(seen.level == .none && seen.canaryBasisPoints == nil && seen.problem == "no read-back configured")
    }

    // MARK: Outcomes

    @Test(
        arguments: [
            (.reply(200), .accepted), (.reply(404), .accepted), (.reply(422), .conflict), (.reply(409), .rejected),
            (.reply(400), .rejected), (.reply(500), .unknown), (.reply(301), .rejected),
            (.failure(.timedOut(address: "a", afterMs: 1)), .unknown),
            (.failure(.connectFailed(address: "a", reason: "b")), .unreachable),
            (.failure(.bodyTooLarge(address: "a", limitBytes: 1)), .unknown),
        ] as [(FakeTransport.Answer, RouterReceipt.Outcome)])
    func theStatusesOfThePlanDecide(answer: FakeTransport.Answer, outcome: RouterReceipt.Outcome) async throws {
        let plan = HTTPRouterPlan(
            instances: ["http://r"], set: [Step(method: "DELETE", url: "/canary", expect: [200, 404], conflict: [422])])
        let driver = try makeDriver(.http(plan), transport: FakeTransport(answers: [answer]))
        #expect(await driver.apply(.allBaseline, timeoutMs: 1_000).map(\.outcome) == [outcome])
    }

    @Test func aReadThatIsLostBeforeAnythingWasChangedIsNotUnknown() async throws {
        for answer in [
            FakeTransport.Answer.failure(.timedOut(address: "a", afterMs: 1)), .reply(503), .reply(200, "[90,10]"),
        ] {
            let transport = FakeTransport(answers: [answer])
            let receipt = try #require(
                await makeDriver(.http(caddy), transport: transport).apply(.allBaseline, timeoutMs: 1_000).first)
            #expect(receipt.outcome == .unreachable || receipt.outcome == .rejected)
            #expect(receipt.detail.hasPrefix("step 1, GET http://127.0.0.1:2019/id/checkout_policy/weights: "))
            #expect(transport.requests.count == 1)
        }
    }

    @Test func aPlanThatCanOnlyTakeTheCanaryOutRefusesEverythingElse() async throws {
        let plan = HTTPRouterPlan(
            instances: ["http://r"], set: [Step(method: "POST", url: "/environments/production/off")])
        let transport = FakeTransport(answers: [.reply(200)])
        let driver = try makeDriver(.http(plan), transport: transport)
        #expect(await driver.apply(.allBaseline, timeoutMs: 1_000).map(\.outcome) == [.accepted])
        #expect(await driver.apply(tenPercent, timeoutMs: 1_000).map(\.outcome) == [.rejected])
        #expect(transport.requests.count == 1)
        #expect(driver.capabilities.granularityBasisPoints == 10_000)
    }

    // MARK: Templates

    @Test func everyTemplateHasItsValue() async throws {
        let names = [
            "weight.canary", "weight.baseline", "percent.canary", "percent.baseline", "basis_points.canary",
            "basis_points.baseline", "release", "version.canary", "version.baseline", "instance", "var.a b",
        ].filter { $0 != "var.a b" }
        let tree = Body.object(
            names.map { HTTPRouterPlan.Member(name: "${release}:\($0)", value: .text("${\($0)}")) } + [
                .init(name: "mixed", value: .text("x${percent.canary}y ${ var.k | base64 } $${release} $1")),
                .init(name: "fixed", value: .list([.null, .bool(true), .number(1.5), .number(7)])),
            ])
        let transport = FakeTransport(answers: [.reply(200)])
        let plan = HTTPRouterPlan(
            instances: ["http://u:pass4word@r:1/base/"], total: 256, variables: [TextPair("k", "100")],
            set: [Step(method: "PUT", url: "${instance}/x", body: tree)])
        let driver = try makeDriver(.http(plan), transport: transport)
        _ = await driver.apply(Split(canaryBasisPoints: 1_250), timeoutMs: 1_000)
        let expected =
            #"{"checkout:weight.canary":32,"checkout:weight.baseline":224,"checkout:percent.canary":12.5,"#
            + #""checkout:percent.baseline":87.5,"checkout:basis_points.canary":1250,"checkout:basis_points.baseline":8750,"#
            + #""checkout:release":"checkout","checkout:version.canary":"v1.5.0","checkout:version.baseline":"v1.4.2","#
            + #""checkout:instance":"http://r:1/base","mixed":"x12.5y MTAw ${release} $1","#
            + #""fixed":[null,true,1.5,7]}"#
        #expect(transport.requests.first?.bodyText == expected)
        #expect(transport.requests.first?.url == "http://u:pass4word@r:1/base/x")
        #expect(!"\(driver.plan(.allBaseline))".contains("pass4word"))
    }

    @Test func aValueCannotBreakOutOfAURL() async throws {
        let transport = FakeTransport(answers: [
            .reply(200, #"{"next":"../x?y=1#z @evil"}"#), .reply(200),
        ])
        let plan = HTTPRouterPlan(
            instances: ["http://r"], variables: [TextPair("path", "a/b c"), TextPair("key", "k/1")],
            set: [
                Step(url: "/start", capture: [.init(variable: "next", origin: .pointer("/next"))]),
                Step(
                    method: "PUT", url: "/v/${next}/${var.path}/${var.key | raw}/${var.path|url}",
                    body: .text("${next}")),
            ])
        #expect(
            try await makeDriver(.http(plan), transport: transport).apply(.allBaseline, timeoutMs: 1_000).map(\.outcome)
                == [.accepted])
        #expect(
            transport.requests.last?.url == "http://r/v/..%2Fx%3Fy%3D1%23z%20%40evil/a%2Fb%20c/k/1/a%2Fb%20c")
        // A text at the top is sent as it is, without a type of its own.
        #expect(transport.requests.last?.bodyText == "../x?y=1#z @evil")
        #expect(transport.requests.last?.header("Content-Type") == nil)
    }

    @Test(arguments: ["/${c|raw}", "header"])
    func aCapturedLineBreakIsNeverSent(place: String) async throws {
        let transport = FakeTransport(answers: [.reply(200, #"{"c":"a\r\nX-Evil: 1"}"#), .reply(200)])
        let headers = place == "header" ? [TextPair("If-Match", "${c}")] : []
        let plan = HTTPRouterPlan(
            instances: ["http://r"],
            set: [
                Step(url: "/c", capture: [.init(variable: "c", origin: .pointer("/c"))]),
                Step(method: "PUT", url: place == "header" ? "/x" : place, headers: headers),
            ])
        #expect(
            try await makeDriver(.http(plan), transport: transport).apply(.allBaseline, timeoutMs: 1_000).map(\.outcome)
                == [.rejected])
        #expect(transport.requests.count == 1)
    }

    @Test func secretsArePlannedAndReportedMasked() async throws {
        let plan = HTTPRouterPlan(
            instances: ["http://r"], variables: [TextPair("api_token", "abcd1234")],
            set: [
                Step(
                    method: "POST", url: "/login?token=${var.api_token}&user=x",
                    headers: [TextPair("X-Api-Key", "key-5678"), TextPair("X-Plain", "v")],
                    body: object([("password", .text("pw")), ("who", .text("me abcd1234"))]))
            ], security: ClientSecurity(authorization: .basic(user: "u", password: .file("/p"))))
        let transport = FakeTransport(answers: [.reply(403, "no abcd1234, key-5678, dTpzZXNhbWU= or sesame")])
        let driver = try makeDriver(.http(plan), transport: transport, secrets: FakeSecrets(secrets: ["/p": "sesame"]))
        #expect(
            driver.plan(.allBaseline).map(\.call) == [
                "POST http://r/login?token=***&user=x X-Api-Key: *** X-Plain: v Authorization: Basic ***"
                    + #" {"password":"***","who":"me ***"}"#
            ])
        let detail = try #require(await driver.apply(.allBaseline, timeoutMs: 1_000).first).detail
        #expect(detail.hasSuffix("no ***, ***, *** or ***"), "\(detail)")
        #expect(transport.requests.first?.url == "http://r/login?token=abcd1234&user=x")
    }

    @Test func weightsHiddenInTextsAreFound() async throws {
        let plan = HTTPRouterPlan(
            instances: ["http://r"], unixSocket: "/run/r.sock", set: [Step(method: "POST", url: "/off")],
            readBack: .init(
                steps: [Step(method: "POST", url: "/kv/range", body: object([("key", .text("${release|base64}"))]))],
                canary: .init(pointer: "/kvs/0/value", filters: ["unbase64", "fromjson"], then: "/canary/percent")))
        // {"canary":{"percent":12.5}}
        let value = "eyJjYW5hcnkiOnsicGVyY2VudCI6MTIuNX19"
        let transport = FakeTransport(answers: [
            .reply(200, "{\"kvs\":[{\"value\":\"\(value)\"}]}", headers: [TextPair("ETag", "W/\"3\"")])
        ])
        let seen = try #require(await makeDriver(.http(plan), transport: transport).observe(timeoutMs: 1_000).first)
        #expect(seen.canaryBasisPoints == 1_250 && seen.revision == "W/\"3\"")
        #expect(transport.requests.first?.unixSocket == "/run/r.sock")
        #expect(transport.requests.first?.bodyText == #"{"key":"Y2hlY2tvdXQ="}"#)
    }
}
