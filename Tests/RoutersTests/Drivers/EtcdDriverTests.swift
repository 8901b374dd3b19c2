import Model
import Ports
import Testing

@testable import Routers

struct EtcdDriverTests {
    private static let key = "/traffic/checkout"

    private func plan(
        _ value: HTTPRouterPlan.Body = .text("${percent.canary}"), endpoints: [String] = ["http://127.0.0.1:2379"],
        canary: HTTPRouterPlan.WeightPointer = .init(pointer: ""), baseline: HTTPRouterPlan.WeightPointer? = nil,
        security: ClientSecurity = ClientSecurity()
    ) -> RouterPlan {
        .etcd(
            EtcdPlan(
                access: EtcdAccess(endpoints: endpoints, security: security), key: Self.key, value: value,
                canary: canary, baseline: baseline))
    }

    private func transport(_ etcd: FakeEtcd) -> FakeTransport { FakeTransport { request, _ in etcd.answer(request) } }

    @Test func aPercentageIsWrittenAndReadBack() async throws {
        let etcd = FakeEtcd([(Self.key, "10", "7")])
        let driver = try makeDriver(plan(), transport: transport(etcd))
        #expect(
            await driver.observe(timeoutMs: 1_000) == [
                RouterObservation(
                    instance: "http://127.0.0.1:2379", canaryBasisPoints: 1_000, level: .config, revision: "7")
            ])
        #expect(await driver.apply(.allBaseline, timeoutMs: 1_000).map(\.outcome) == [.accepted])
        #expect(etcd.value(Self.key) == "0")
        #expect(await driver.observe(timeoutMs: 1_000).map(\.canaryBasisPoints) == [0])
        #expect(driver.plan(.allBaseline).map(\.call) == ["txn, if \(Self.key) is as it was read: put \(Self.key) 0"])
    }

    @Test func aTreeIsWrittenAsJSON() async throws {
        let etcd = FakeEtcd([(Self.key, "{}", "7")])
        let value = HTTPRouterPlan.Body.object([
            .init(
                name: "weights",
                value: .object([
                    .init(name: "${version.baseline}", value: .text("${weight.baseline}")),
                    .init(name: "new", value: .text("${weight.canary}")),
                ]))
        ])
        let driver = try makeDriver(
            plan(
                value, canary: .init(pointer: "/weights/new"), baseline: .init(pointer: "/weights/v1.4.2")),
            transport: transport(etcd))
        #expect(await driver.observe(timeoutMs: 1_000).first?.problem?.contains("nothing at") == true)
        #expect(await driver.apply(Split(canaryBasisPoints: 2_500), timeoutMs: 1_000).map(\.outcome) == [.accepted])
        #expect(etcd.value(Self.key) == #"{"weights":{"v1.4.2":75,"new":25}}"#)
        #expect(await driver.observe(timeoutMs: 1_000).map(\.canaryBasisPoints) == [2_500])
    }

    @Test func aKeyThatDoesNotExistIsRefused() async throws {
        let etcd = FakeEtcd([("/traffic/other", "10", "7")])
        let driver = try makeDriver(plan(), transport: transport(etcd))
        let receipt = try #require(await driver.apply(.allBaseline, timeoutMs: 1_000).first)
        #expect(receipt.outcome == .rejected && receipt.detail.contains("there is no key /traffic/checkout"))
        #expect(etcd.value(Self.key) == nil)
        #expect(await driver.observe(timeoutMs: 1_000).first?.canaryBasisPoints == nil)
    }

    @Test(arguments: [1, 2, 9])
    func aRollbackWinsAgainstOthersAndAShareGivesUp(races: Int) async throws {
        let rollback = FakeEtcd([(Self.key, "10", "7")], races: races)
        #expect(
            try await makeDriver(plan(), transport: transport(rollback)).apply(.allBaseline, timeoutMs: 1_000)
                .map(\.outcome) == [.accepted])
        #expect(rollback.value(Self.key) == "0")
        let share = FakeEtcd([(Self.key, "10", "7")], races: races)
        let receipt = try #require(
            try await makeDriver(plan(), transport: transport(share)).apply(
                Split(canaryBasisPoints: 2_000), timeoutMs: 1_000
            ).first)
        #expect(receipt.outcome == .conflict && share.value(Self.key) == "10")
    }

    @Test func aMemberThatIsDownIsPassedOver() async throws {
        let etcd = FakeEtcd([(Self.key, "10", "7")])
        let transport = FakeTransport { request, _ in
            if request.url.hasPrefix("http://a") {
                return .failure(.connectFailed(address: "http://a", reason: "refused"))
            }
            if request.url.hasPrefix("http://b") { return .reply(503, "etcdserver: request timed out") }
            return etcd.answer(request)
        }
        let driver = try makeDriver(
            plan(endpoints: ["http://a:2379", "http://b:2379", "http://c:2379"]), transport: transport)
        #expect(driver.instances == ["http://a:2379,http://b:2379,http://c:2379"])
        #expect(await driver.apply(.allBaseline, timeoutMs: 3_000).map(\.outcome) == [.accepted])
        // The dead ones got their part of the time only.
        let first = try #require(transport.requests.first)
        #expect(first.timeoutMs <= 1_000)
    }

    @Test func allMembersDownIsUnreachableAndSaysTheLastReason() async throws {
        let transport = FakeTransport(answers: [.failure(.connectFailed(address: "http://a", reason: "refused"))])
        let receipt = try #require(
            await makeDriver(plan(), transport: transport).apply(.allBaseline, timeoutMs: 1_000).first)
        #expect(receipt.outcome == .unreachable && receipt.detail.contains("refused"))
    }

    @Test func aUserIsExchangedForATokenWithoutAPrefix() async throws {
        let etcd = FakeEtcd([(Self.key, "10", "7")])
        let transport = FakeTransport { request, _ in
            if request.url.hasSuffix("/v3/auth/authenticate") {
                return request.bodyText == #"{"name":"ops","password":"hunter22"}"#
                    ? .reply(200, #"{"header":{},"token":"abc.7"}"#) : .reply(400, "authentication failed, hunter22")
            }
            return request.header("Authorization") == "abc.7" ? etcd.answer(request) : .reply(401, "invalid auth token")
        }
        func driver(_ password: String) throws -> any RouterDriver {
            try makeDriver(
                plan(security: ClientSecurity(authorization: .basic(user: "ops", password: .file("/pw")))),
                transport: transport, secrets: FakeSecrets(secrets: ["/pw": password]))
        }
        #expect(try await driver("hunter22").apply(.allBaseline, timeoutMs: 1_000).map(\.outcome) == [.accepted])
        #expect(etcd.value(Self.key) == "0")
        #expect(transport.requests.allSatisfy { $0.security.authorization == nil })
        let refused = try #require(try await driver("wrong").apply(.allBaseline, timeoutMs: 1_000).first)
        #expect(refused.outcome == .rejected && refused.detail.contains("authentication failed"))
    }

    @Test(arguments: [("ten", "not a number"), ("101", "not 0 to 100"), ("-1", "not a number"), ("", "not a number")])
    func aValueThatIsNoShareIsSaid(value: String, excerpt: String) async throws {
        let driver = try makeDriver(plan(), transport: transport(FakeEtcd([(Self.key, value, "7")])))
        let seen = try #require(await driver.observe(timeoutMs: 1_000).first)
        #expect(seen.canaryBasisPoints == nil && seen.problem?.contains(excerpt) == true, "\(seen)")
    }

    @Test func aValueThatNeverChangesIsNoPlan() {
        #expect(complaint(about: plan(.text("10")))?.contains("would never change") == true)
        #expect(complaint(about: plan(.text("${percent.canry}")))?.contains("unknown") == true)
        let bearer = ClientSecurity(authorization: .bearer(.file("/t")))
        #expect(complaint(about: plan(security: bearer))?.contains("users and passwords") == true)
    }
}
