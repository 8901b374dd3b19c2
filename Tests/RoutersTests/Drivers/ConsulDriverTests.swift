import Model
import Testing

@testable import Routers

/// Answers of Consul's API documentation (`/v1/config`); no Consul ran.
struct ConsulDriverTests {
    private static let entry = """
        {"Kind":"service-splitter","Name":"checkout","Partition":"default","Namespace":"default",
        "Splits":[{"Weight":90,"ServiceSubset":"v1","RequestHeaders":{"Set":{"X-Old":"1"}}},
        {"Weight":9.5,"ServiceSubset":"v2"},{"Weight":0.5,"Service":"probe"}],
        "Meta":{"team":"shop"},"Hash":1234,"CreateIndex":12,"ModifyIndex":9007199254740993}
        """

    private func plan(
        baseline: ConsulPlan.Destination = .init(subset: "v1"), canary: ConsulPlan.Destination = .init(subset: "v2")
    ) -> RouterPlan {
        .consul(
            ConsulPlan(
                address: "http://127.0.0.1:8500", service: "checkout", baseline: baseline, canary: canary,
                datacenter: "dc 1",
                security: ClientSecurity(authorization: .header(name: "X-Consul-Token", value: .file("/token")))))
    }

    private func transport(_ puts: [FakeTransport.Answer] = [.reply(200, "true")], entry: String = Self.entry)
        -> FakeTransport
    {
        FakeTransport { request, count in
            request.method == "GET" ? .reply(200, entry) : puts[min(count / 2, puts.count - 1)]
        }
    }

    @Test func onlyTheTwoWeightsChange() async throws {
        let transport = transport()
        let driver = try makeDriver(plan(), transport: transport)
        #expect(await driver.apply(.allBaseline, timeoutMs: 1_000).map(\.outcome) == [.accepted])
        let get = try #require(transport.requests.first)
        #expect(get.url == "http://127.0.0.1:8500/v1/config/service-splitter/checkout?dc=dc%201")
        let put = try #require(transport.requests.last)
        #expect(put.method == "PUT" && put.url == "http://127.0.0.1:8500/v1/config?dc=dc%201&cas=9007199254740993")
        #expect(
            put.bodyText
                == #"{"Kind":"service-splitter","Name":"checkout","Partition":"default","Namespace":"default","#
                + #""Splits":[{"Weight":99.5,"ServiceSubset":"v1","RequestHeaders":{"Set":{"X-Old":"1"}}},"#
                + #"{"Weight":0,"ServiceSubset":"v2"},{"Weight":0.5,"Service":"probe"}],"Meta":{"team":"shop"}}"#)
        #expect(put.security.authorization == .header(name: "X-Consul-Token", value: .file("/token")))
    }

    @Test func theSumStaysWhateverTheShare() async throws {
        for points in [1, 1_000, 3_333, 9_999, 10_000] {
            let transport = transport()
            let receipts = try await makeDriver(plan(), transport: transport).apply(
                Split(canaryBasisPoints: points), timeoutMs: 1_000)
            #expect(receipts.map(\.outcome) == [.accepted])
            let body = try JSONParser.parse(try #require(transport.requests.last).bodyText)
            let weights = body["Splits"]?.items.compactMap { $0["Weight"]?.numeric?.value } ?? []
            #expect(weights.count == 3 && abs(weights.reduce(0, +) - 100) < 1e-9, "\(weights)")
        }
    }

    @Test func theShareIsReadBack() async throws {
        let seen = try #require(try await makeDriver(plan(), transport: transport()).observe(timeoutMs: 1_000).first)
        #expect(seen.canaryBasisPoints == 950 && seen.level == .config && seen.revision == "9007199254740993")
    }

    /// A failed compare-and-set is a 200 with the body `false`.
    @Test func falseIsAConflictThatARollbackTriesAgain() async throws {
        let twice = transport([.reply(200, "false\n"), .reply(200, "false"), .reply(200, "true")])
        #expect(
            try await makeDriver(plan(), transport: twice).apply(.allBaseline, timeoutMs: 1_000).map(\.outcome)
                == [.accepted])
        #expect(twice.requests.count == 6)
        // The last attempt has no condition.
        #expect(twice.requests.last?.url == "http://127.0.0.1:8500/v1/config?dc=dc%201")
        let once = transport([.reply(200, "false")])
        let receipt = try #require(
            try await makeDriver(plan(), transport: once).apply(Split(canaryBasisPoints: 2_000), timeoutMs: 1_000).first
        )
        #expect(receipt.outcome == .conflict && once.requests.count == 2)
    }

    @Test(
        arguments: [
            (.reply(403, "Permission denied"), .rejected, "no right"),
            (.reply(500, "rpc error"), .unknown, "rpc error"),
            (.reply(400, "weights must sum to 100"), .rejected, "weights must sum"),
            (.reply(200, "null"), .rejected, "null"),
            (.failure(.timedOut(address: "http://c", afterMs: 9)), .unknown, "did not answer"),
        ] as [(FakeTransport.Answer, RouterReceipt.Outcome, String)])
    func anAnswerBecomesAnOutcome(answer: FakeTransport.Answer, outcome: RouterReceipt.Outcome, excerpt: String)
        async throws
    {
        let driver = try makeDriver(plan(), transport: transport([answer]))
        let receipt = try #require(await driver.apply(.allBaseline, timeoutMs: 1_000).first)
        #expect(receipt.outcome == outcome && receipt.detail.contains(excerpt), "\(receipt)")
    }

    @Test(
        arguments: [
            (200, entry, ConsulPlan.Destination(subset: "v3"), "no split for the canary, checkout subset v3"),
            (200, entry, ConsulPlan.Destination(service: "v2"), "checkout subset v2, probe"),
            (404, "Config entry not found", ConsulPlan.Destination(subset: "v2"), "no service-splitter checkout"),
            (200, "[]", ConsulPlan.Destination(subset: "v2"), "is no service-splitter"),
            (200, "<html>", ConsulPlan.Destination(subset: "v2"), "not JSON"),
        ] as [(Int, String, ConsulPlan.Destination, String)])
    func whatIsNotThereIsSaid(status: Int, body: String, canary: ConsulPlan.Destination, excerpt: String) async throws {
        let driver = try makeDriver(plan(canary: canary), transport: FakeTransport(answers: [.reply(status, body)]))
        let seen = try #require(await driver.observe(timeoutMs: 1_000).first)
        #expect(seen.canaryBasisPoints == nil && seen.problem?.contains(excerpt) == true, "\(seen)")
        #expect(await driver.apply(.allBaseline, timeoutMs: 1_000).map(\.outcome) == [.rejected])
    }

    @Test func theSplitterItselfIsADestination() async throws {
        let entry = #"{"Splits":[{"Weight":100},{"Weight":0,"Service":"checkout-v2"}],"ModifyIndex":1}"#
        let driver = try makeDriver(
            plan(baseline: .init(service: "checkout"), canary: .init(service: "checkout-v2")),
            transport: transport(entry: entry))
        #expect(await driver.observe(timeoutMs: 1_000).map(\.canaryBasisPoints) == [0])
    }
}
