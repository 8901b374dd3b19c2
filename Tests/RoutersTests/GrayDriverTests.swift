import Model
import Routers
import Testing

struct GrayDriverTests {
    private let plan = RouterPlan.gray(
        GrayRouterPlan(
            instances: ["http://127.0.0.1:9412"],
            security: ClientSecurity(authorization: .bearer(.file("/etc/token")))))
    private let secrets = FakeSecrets(secrets: ["/etc/token": "s3cret-token"])

    @Test func putsTheShareAndNothingElse() async throws {
        let transport = FakeTransport(answers: [.reply(200, "{}")])
        let driver = try makeDriver(plan, transport: transport, secrets: secrets)
        let receipts = await driver.apply(Split(canaryBasisPoints: 1_000), timeoutMs: 700)
        #expect(receipts == [RouterReceipt(instance: "http://127.0.0.1:9412", outcome: .accepted)])
        let request = try #require(transport.requests.first)
        #expect(transport.requests.count == 1)
        #expect(request.method == "PUT" && request.url == "http://127.0.0.1:9412/api/v1/split")
        #expect(request.bodyText == "{\"canary_basis_points\":1000}")
        #expect(request.header("Content-Type") == "application/json")
        #expect(request.header("If-Match") == nil)
        #expect(request.timeoutMs <= 700 && request.connectTimeoutMs <= 700)
        #expect(request.security.authorization == .bearer(.file("/etc/token")))
    }

    @Test(
        arguments: [
            (.reply(200), .accepted, ""), (.reply(204), .accepted, ""),
            (.reply(409, "busy"), .conflict, "busy"), (.reply(412), .conflict, "412"),
            (.reply(400, "bad share"), .rejected, "bad share"), (.reply(401), .rejected, "token"),
            (.reply(403), .rejected, "no right"), (.reply(404), .rejected, "404"), (.reply(302), .rejected, "redirect"),
            (.reply(500, "oops"), .unknown, "oops"), (.reply(503), .unknown, "503"),
            (.failure(.timedOut(address: "http://r", afterMs: 5)), .unknown, "did not answer"),
            (.failure(.broken(address: "http://r", reason: "reset")), .unknown, "reset"),
            (.failure(.connectFailed(address: "http://r", reason: "refused")), .unreachable, "refused"),
            (.failure(.tls(address: "http://r", reason: "expired")), .unreachable, "expired"),
            (.failure(.unusable("no such secret file")), .rejected, "no such secret file"),
        ] as [(FakeTransport.Answer, RouterReceipt.Outcome, String)])
    func anAnswerBecomesAnOutcome(answer: FakeTransport.Answer, outcome: RouterReceipt.Outcome, excerpt: String)
        async throws
    {
        let driver = try makeDriver(plan, transport: FakeTransport(answers: [answer]), secrets: secrets)
        let receipt = try #require(await driver.apply(.allBaseline, timeoutMs: 1_000).first)
        #expect(receipt.outcome == outcome)
        #expect(excerpt.isEmpty ? receipt.detail.isEmpty : receipt.detail.contains(excerpt), "\(receipt.detail)")
    }

    /// A rollback closes the route of test users in the same call; opening it leads to the side that carries the canary.
    @Test(arguments: [(RouterAim.direct, "canary", ""), (.turned, "baseline", ",\"new_version\":\"baseline\"")])
    func theRouteOfTestUsersIsOpenedAndClosed(aim: RouterAim, side: String, new: String) async throws {
        let transport = FakeTransport(answers: [.reply(200, "{}")])
        let driver = try TestedAim.$current.withValue(aim) {
            try makeDriver(.gray(GrayRouterPlan(instances: ["http://r"], forced: true)), transport: transport)
        }
        #expect(driver.capabilities.forced)
        _ = await driver.setForced(isOpen: true, timeoutMs: 500)
        _ = await driver.apply(Split(canaryBasisPoints: 5_000), timeoutMs: 500)
        _ = await driver.apply(.allBaseline, timeoutMs: 500)
        _ = await driver.setForced(isOpen: false, timeoutMs: 500)
        let all = aim == .direct ? 0 : 10_000
        #expect(
            transport.requests.map(\.bodyText) == [
                "{\"forced\":\"\(side)\"\(new)}", "{\"canary_basis_points\":5000\(new)}",
                "{\"canary_basis_points\":\(all),\"forced\":\"none\"\(new)}", "{\"forced\":\"none\"\(new)}",
            ])
    }

    @Test(arguments: [
        ("canary", RouterAim.direct, true), ("none", .direct, false), ("baseline", .direct, false),
        ("baseline", .turned, true), ("canary", .turned, false),
    ])
    func theRouteOfTestUsersIsReadBack(_ target: String, _ aim: RouterAim, _ isOpen: Bool) async throws {
        let body = "{\"canary_basis_points\":1000,\"forced\":\"\(target)\"}"
        for isConfigured in [true, false] {
            let transport = FakeTransport(answers: [.reply(200, body)])
            let driver = try TestedAim.$current.withValue(aim) {
                try makeDriver(
                    .gray(GrayRouterPlan(instances: ["http://r"], forced: isConfigured)), transport: transport)
            }
            let seen = try #require(await driver.observe(timeoutMs: 500).first)
            #expect(seen.isForced == (isConfigured ? isOpen : nil))
        }
    }

    @Test func withoutARouteOfTestUsersNothingIsSent() async throws {
        let transport = FakeTransport(answers: [.reply(200, "{}")])
        let driver = try makeDriver(plan, transport: transport, secrets: secrets)
        #expect(await driver.setForced(isOpen: false, timeoutMs: 500).map(\.outcome) == [.rejected])
        #expect(transport.requests.isEmpty && !driver.capabilities.forced)
    }

    @Test func readsTheShareBack() async throws {
        let body = #"{"canary_percent":10,"canary_basis_points":1000,"revision":5,"baseline_healthy":true}"#
        let transport = FakeTransport(answers: [.reply(200, body, headers: [TextPair("etag", "\"5\"")])])
        let driver = try makeDriver(plan, transport: transport)
        #expect(
            await driver.observe(timeoutMs: 1_000) == [
                RouterObservation(
                    instance: "http://127.0.0.1:9412", canaryBasisPoints: 1_000, level: .acked, revision: "5",
                    baselineHealthy: true)
            ])
        #expect(transport.requests.map(\.method) == ["GET"])
    }

    @Test(
        arguments: [
            (#"{"canary_basis_points":0}"#, 0), (#"{"canary_percent":12.5}"#, 1_250), (#"{"canary_percent":0.001}"#, 1),
            (#"{"canary_basis_points":10001}"#, nil), (#"{"canary_basis_points":-1}"#, nil),
            (#"{"canary_basis_points":"0"}"#, nil), (#"{"canary_basis_points":1e99}"#, nil), ("{}", nil), ("[]", nil),
            ("", nil), ("<html>", nil), ("{\"canary_basis_points\":0", nil),
        ] as [(String, Int?)])
    func anOddAnswerHasNoShareButAProblem(body: String, share: Int?) async throws {
        let driver = try makeDriver(plan, transport: FakeTransport(answers: [.reply(200, body)]))
        let seen = try #require(await driver.observe(timeoutMs: 1_000).first)
        #expect(seen.canaryBasisPoints == share)
        #expect((seen.problem == nil) == (share != nil))
        #expect(seen.level == .acked)
    }

    @Test func aSecretThatTheRouterEchoesIsMasked() async throws {
        let transport = FakeTransport(answers: [.reply(401, "bad token s3cret-token\r\n\u{1B}[31mgo away")])
        let driver = try makeDriver(plan, transport: transport, secrets: secrets)
        let detail = try #require(await driver.apply(.allBaseline, timeoutMs: 1_000).first).detail
        #expect(detail.hasSuffix("bad token *** [31mgo away"), "\(detail)")
        let problem = try #require(await driver.observe(timeoutMs: 1_000).first?.problem)
        #expect(!problem.contains("s3cret"))
    }

    @Test func aPasswordInTheAddressIsShownNowhere() async throws {
        let transport = FakeTransport(answers: [.reply(500, "hello admin:hunter22")])
        let driver = try makeDriver(
            .gray(GrayRouterPlan(instances: ["http://admin:hunter22@127.0.0.1:9412/"])), transport: transport)
        #expect(driver.instances == ["http://127.0.0.1:9412"])
        let receipts = await driver.apply(.allBaseline, timeoutMs: 1_000)
        #expect(!"\(receipts) \(driver.plan(.allBaseline))".contains("hunter22"))
        #expect(transport.requests.first?.url == "http://admin:hunter22@127.0.0.1:9412/api/v1/split")
    }

    @Test func aLongAnswerIsCut() async throws {
        let transport = FakeTransport(answers: [.reply(400, String(repeating: "é ", count: 60_000))])
        let receipt = try #require(
            await makeDriver(plan, transport: transport).apply(.allBaseline, timeoutMs: 1_000).first)
        #expect(receipt.detail.count <= 500)
    }
}
