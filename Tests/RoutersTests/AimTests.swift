import Model
import Ports
import Testing

@testable import Routers

/// After a promotion the settings' baseline side carries the canary: what a driver does for the side that loses everything
/// is done for the other side, and shares are rounded against the other side.
struct AimTests {
    private static func plan(_ mode: HAProxyPlan.Mode) -> RouterPlan {
        .haproxy(HAProxyPlan(sockets: ["/run/a.sock"], mode: mode))
    }

    private static let weighted = plan(.weights(backend: "be", baseline: ["blue"], canary: ["green"], sticky: true))

    private static func calls(_ plan: RouterPlan, _ points: Int, _ aim: RouterAim = .turned) throws -> [String] {
        try TestedAim.$current.withValue(aim) {
            try makeDriver(plan).plan(Split(canaryBasisPoints: points)).map(\.call)
        }
    }

    @Test func theSideThatLosesEverythingGoesIntoMaintenance() throws {
        let calls = try Self.calls(Self.weighted, 0)
        #expect(calls.contains("set server be/blue weight 0") && calls.contains("set server be/blue state maint"))
        #expect(calls.contains("set server be/green weight 100%"))
        #expect(!calls.contains { $0.contains("be/green state") })
    }

    /// A promotion turns the roles without a call, so both ends must be the same state for either aim.
    @Test func everythingForOneSideIsNothingForTheOther() throws {
        func changes(_ calls: [String]) -> Set<String> { Set(calls.filter { !$0.hasPrefix("get ") }) }
        let everything = try Self.calls(Self.weighted, 10_000, .direct)
        let nothing = try Self.calls(Self.weighted, 0)
        #expect(changes(everything).subtracting(changes(nothing)) == ["set server be/green state ready"])
        #expect(changes(nothing).isSubset(of: changes(everything)))
    }

    /// `whole`: what 12.55 % for the canary is in the router's own numbers of its canary side.
    @Test(
        arguments: [
            (plan(.map(file: "/m", key: "app")), 1_255, "set map /m app 88"),
            (plan(.map(file: "/m", key: "app")), 99, "set map /m app 100"),
            (.gray(GrayRouterPlan(instances: ["http://r"])), 1_255, "\"canary_basis_points\":8745"),
            (.gray(GrayRouterPlan(instances: ["http://r"])), 0, "\"new_version\":\"baseline\""),
            (http, 1_255, "PUT http://r/88/12/87.45/12.55"), (http, 0, "PUT http://r/100/0/100/0"),
        ] as [(RouterPlan, Int, String)])
    func theShareIsRoundedAgainstTheCanary(plan: RouterPlan, points: Int, excerpt: String) throws {
        let calls = try Self.calls(plan, points)
        #expect(calls.contains { $0.contains(excerpt) }, "\(calls)")
    }

    private static let http = RouterPlan.http(
        HTTPRouterPlan(
            instances: ["http://r"],
            set: [
                .init(
                    method: "PUT",
                    url: "/${weight.canary}/${weight.baseline}/${percent.canary}/${percent.baseline}")
            ]))

    /// A plan without templates always takes the settings' canary side out: with turned roles that is the baseline.
    @Test func aPlanThatCanOnlyTakeTheCanaryOutIsNeverUsedForTheBaseline() async throws {
        let plan = RouterPlan.http(HTTPRouterPlan(instances: ["http://r"], set: [.init(method: "PUT", url: "/off")]))
        let transport = FakeTransport(answers: [.reply(200, "{}")])
        let direct = try makeDriver(plan, transport: transport)
        #expect(await direct.apply(.allBaseline, timeoutMs: 500).map(\.outcome) == [.accepted])
        let turned = try TestedAim.$current.withValue(.turned) { try makeDriver(plan, transport: transport) }
        for points in [0, 5_000, 10_000] {
            let receipts = await turned.apply(Split(canaryBasisPoints: points), timeoutMs: 500)
            #expect(receipts.map(\.outcome) == [.rejected], "\(points)")
        }
        #expect(transport.requests.count == 1)
    }

    @Test(arguments: [RouterAim.direct, .turned])
    func theHealthIsThatOfTheSideThatCarriesTheBaseline(aim: RouterAim) async throws {
        let body = #"{"canary_basis_points":2500,"revision":1,"baseline_healthy":true,"canary_healthy":false}"#
        let driver = try TestedAim.$current.withValue(aim) {
            try makeDriver(
                .gray(GrayRouterPlan(instances: ["http://r"])), transport: FakeTransport(answers: [.reply(200, body)]))
        }
        let seen = try #require(await driver.observe(timeoutMs: 500).first)
        #expect(seen.canaryBasisPoints == (aim == .direct ? 2_500 : 7_500))
        #expect(seen.baselineHealthy == (aim == .direct))
    }

    @Test func theHealthOfAHAProxyBackendIsThatOfTheSideThatCarriesTheBaseline() throws {
        let csv = """
            # pxname,svname,status,weight,type,bck,cookie,
            be,BACKEND,UP,0,1,0,,
            be,blue,UP,75,2,0,,
            be,green,DOWN,25,2,0,,

            """
        func seen(_ baseline: String, _ canary: String) throws -> RouterObservation {
            let pools = try HAProxyPools(backend: "be", baseline: [baseline], canary: [canary], isSticky: false)
            return BackendReading(csv, pools: pools).observation(instance: "a")
        }
        #expect(try seen("blue", "green").baselineHealthy == true)
        #expect(try seen("green", "blue").baselineHealthy == false)
    }

    /// The users that get the canary first are the same in each rollout, and the end of one is the beginning of the next.
    @Test func nginxChoosesTheSameUsersFirst() throws {
        let content = NginxIncludePlan.Content.choices(
            [.init(variable: "$v", key: "$http_x_user_id")], baseline: "blue", canary: "green")
        let direct = try NginxInclude(content, release: "checkout")
        let turned = try NginxInclude(content, release: "checkout", aim: .turned)
        #expect(direct.text(Split(canaryBasisPoints: 500)).contains("{ 5% green; * blue; }"))
        #expect(turned.text(Split(canaryBasisPoints: 500)).contains("{ 5% blue; * green; }"))
        #expect(direct.text(Split(canaryBasisPoints: 10_000)) == turned.text(.allBaseline))
        #expect(direct.state(of: turned.text(Split(canaryBasisPoints: 500)))?.canaryBasisPoints == 9_500)
    }

    @Test func anNginxUpstreamKeepsItsOrder() throws {
        let content = NginxIncludePlan.Content.upstream(name: "app", baseline: ["a:1", "b:1"], canary: ["c:1"])
        let direct = try NginxInclude(content, release: "checkout")
        let turned = try NginxInclude(content, release: "checkout", aim: .turned)
        #expect(direct.text(Split(canaryBasisPoints: 10_000)) == turned.text(.allBaseline))
        #expect(direct.text(.allBaseline) == turned.text(Split(canaryBasisPoints: 10_000)))
        #expect(direct.state(of: turned.text(Split(canaryBasisPoints: 1_000)))?.canaryBasisPoints == 9_000)
    }

    /// What is put into a map, a weight or an upstream is never more than was asked for, and less by at most a step.
    @Test func serverWeightsNeverGiveTheCanaryMoreThanAskedFor() {
        for (baseline, canary) in [(1, 1), (2, 1), (3, 2), (1, 5), (20, 1)] {
            let granularity = PoolWeights.granularityBasisPoints(baselineServers: baseline, canaryServers: canary)
            for points in stride(from: granularity, to: 10_000, by: 37) {
                let weights = PoolWeights(
                    Split(canaryBasisPoints: points), baselineServers: baseline, canaryServers: canary)
                let share = 10_000 * canary * weights.canary
                let whole = canary * weights.canary + baseline * weights.baseline
                #expect(share <= points * whole, "\(baseline)+\(canary) at \(points): \(weights)")
                #expect(share >= (points - granularity) * whole, "\(baseline)+\(canary) at \(points): \(weights)")
            }
        }
    }
}
