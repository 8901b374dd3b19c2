import Model
import Ports
import Synchronization
import Testing

@testable import Routers

/// What callers may rely on, whichever router it is.
@Suite(.timeLimit(.minutes(15)))
struct DriverContractTests {
    enum Kind: String, CaseIterable, CustomTestStringConvertible, Sendable {
        case gray, http, haproxyWeights, haproxySticky, haproxyMap
        var testDescription: String { rawValue }

        static var available: [Kind] {
            allCases.filter { HAProxyProcess.isInstalled || $0 == .gray || $0 == .http }
        }
    }

    /// A router that keeps the last split, behind the transport.
    private static func fakeRouter() -> FakeTransport {
        let shares = Held()
        return FakeTransport { request, _ in
            let host = request.url.prefix(21)
            if request.method == "PUT" {
                let digits = request.bodyText.filter(\.isNumber)
                shares.values.withLock { $0[String(host)] = Int(digits) ?? -1 }
                return .reply(200, "true")
            }
            let share = shares.values.withLock { $0[String(host)] } ?? 2_500
            return .reply(200, "{\"canary_basis_points\":\(share),\"rest\":\(10_000 - share)}")
        }
    }

    private final class Held: Sendable {
        let values = Mutex<[String: Int]>([:])
    }

    private static let addresses = ["http://127.0.0.1:7001", "http://127.0.0.1:7002", "http://127.0.0.1:7003"]

    /// Three instances of each kind.
    private func with(_ kind: Kind, _ work: (any RouterDriver) async throws -> Void) async throws {
        switch kind {
        case .gray:
            try await work(
                makeDriver(.gray(GrayRouterPlan(instances: Self.addresses)), transport: Self.fakeRouter()))
        case .http:
            let put = HTTPRouterPlan.Step(
                method: "PUT", url: "/split",
                body: .object([HTTPRouterPlan.Member(name: "points", value: .text("${weight.canary}"))]))
            let readBack = HTTPRouterPlan.ReadBack(
                steps: [HTTPRouterPlan.Step(url: "/split")], canary: .init(pointer: "/canary_basis_points"),
                baseline: .init(pointer: "/rest"))
            let plan = HTTPRouterPlan(instances: Self.addresses, total: 10_000, set: [put], readBack: readBack)
            try await work(makeDriver(.http(plan), transport: Self.fakeRouter()))
        case .haproxyWeights, .haproxySticky, .haproxyMap: try await withHAProxies(kind, work)
        }
    }

    private func withHAProxies(_ kind: Kind, _ work: (any RouterDriver) async throws -> Void) async throws {
        let servers = ["old1", "old2", "new1"].map { HAProxyProcess.Server(name: $0) }
        try await HAProxyProcess.run(servers: servers) { haproxy in
            // One process under three names is three instances to the driver.
            let sockets = [
                haproxy.adminSocket, haproxy.folder + "/./admin.sock",
                haproxy.folder + "/../" + haproxy.folder.dropFirst(5) + "/admin.sock",
            ]
            let mode: HAProxyPlan.Mode =
                kind == .haproxyMap
                ? .map(file: haproxy.mapFile, key: "app")
                : .weights(
                    backend: "be", baseline: ["old1", "old2"], canary: ["new1"], sticky: kind == .haproxySticky)
            try await work(makeDriver(.haproxy(HAProxyPlan(sockets: sockets, mode: mode))))
        }
    }

    @Test(arguments: Kind.available)
    func applyingTwiceIsApplyingOnceAndTheReadBackAgrees(kind: Kind) async throws {
        try await with(kind) { driver in
            for points in [0, 2_000, 5_000, 0] {
                let split = Split(canaryBasisPoints: points)
                let first = await driver.apply(split, timeoutMs: 10_000)
                #expect(first.map(\.outcome) == [.accepted, .accepted, .accepted], "\(first)")
                let seen = await driver.observe(timeoutMs: 10_000)
                #expect(seen.map(\.canaryBasisPoints) == [points, points, points], "\(seen)")
                #expect(await driver.apply(split, timeoutMs: 10_000) == first)
                #expect(await driver.observe(timeoutMs: 10_000) == seen)
            }
        }
    }

    @Test(arguments: Kind.available)
    func resultsComeInTheOrderOfTheInstances(kind: Kind) async throws {
        try await with(kind) { driver in
            #expect(driver.instances.count == 3 && Set(driver.instances).count == 3)
            #expect(await driver.apply(.allBaseline, timeoutMs: 10_000).map(\.instance) == driver.instances)
            #expect(await driver.observe(timeoutMs: 10_000).map(\.instance) == driver.instances)
            var order: [String] = []
            for call in driver.plan(.allBaseline) where order.last != call.instance { order.append(call.instance) }
            #expect(order == driver.instances)
        }
    }

    @Test(arguments: Kind.available)
    func theReadBackIsOfTheLevelThatWasPromised(kind: Kind) async throws {
        try await with(kind) { driver in
            let levels = await driver.observe(timeoutMs: 10_000).map(\.level)
            #expect(levels.allSatisfy { $0 == driver.capabilities.readBack })
            #expect((1...10_000).contains(driver.capabilities.granularityBasisPoints))
        }
    }

    @Test(arguments: Kind.available)
    func noTimeLeftEndsAtOnceWithOneResultPerInstance(kind: Kind) async throws {
        try await with(kind) { driver in
            for timeoutMs: Int64 in [-1, 0, 1] {
                #expect(await driver.apply(.allBaseline, timeoutMs: timeoutMs).count == 3)
                #expect(await driver.observe(timeoutMs: timeoutMs).count == 3)
            }
        }
    }

    @Test func everyRequestStaysWithinTheTimeGiven() async throws {
        for kind in [Kind.gray, .http] {
            let transport = Self.fakeRouter()
            let plan: RouterPlan =
                kind == .gray
                ? .gray(GrayRouterPlan(instances: Self.addresses))
                : .http(
                    HTTPRouterPlan(
                        instances: Self.addresses,
                        set: [.init(url: "/a"), .init(method: "PUT", url: "/b", timeoutMs: 50)]))
            _ = try await makeDriver(plan, transport: transport).apply(.allBaseline, timeoutMs: 300)
            #expect(!transport.requests.isEmpty)
            for request in transport.requests {
                #expect((1...300).contains(request.timeoutMs) && request.connectTimeoutMs <= request.timeoutMs)
                #expect(!request.url.hasSuffix("/b") || request.timeoutMs <= 50)
            }
        }
    }
}
