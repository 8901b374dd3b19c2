import Model
import Testing

@testable import Routers

/// Which lists of shares a router can lead a canary through.
struct StepRefusalTests {
    private static func router(
        granularity: Int = 39, readBack: RouterCapabilities.Level = .loaded,
        growth: RouterCapabilities.Growth = .perRequest,
        sets: RouterCapabilities.Range = .anyShare
    ) -> RouterCapabilities {
        RouterCapabilities(
            readBack: readBack, movesStickyClients: true, granularityBasisPoints: granularity, growth: growth,
            sets: sets)
    }

    @Test(
        arguments: [
            (router(), [100, 500, 1_000, 10_000], []), (router(), [0, 39, 78, 10_000], []),
            (router(), [], []), (router(), [500, 500, 10_000], []), (router(granularity: 1), [1, 2, 3], []),
            (
                router(), [38, 10_000],
                ["step 1 of 0.38% is less than the router's smallest step of 0.39%, so the canary would get nothing"]
            ),
            (
                router(granularity: 1_000), [0, 500, 1_000, 1_500, 10_000],
                [
                    "step 2 of 5% is less than the router's smallest step of 10%, so the canary would get nothing",
                    "step 3 of 10% is less than the router's smallest step of 10% above the one before, 5%, so it may "
                        + "change nothing",
                    "step 4 of 15% is less than the router's smallest step of 10% above the one before, 10%, so it may "
                        + "change nothing",
                ]
            ),
            (
                router(readBack: .none), [100],
                ["the router's split cannot be read back, so no step would ever be known to be in place"]
            ),
            (
                router(granularity: 10_000, sets: .offOnly), [100, 10_000],
                ["the router's calls can only take the canary out; they use no template of the split"]
            ),
        ] as [(RouterCapabilities, [Int], [String])])
    func sharesThatTheRouterWouldRoundAreRefused(router: RouterCapabilities, shares: [Int], wanted: [String]) {
        #expect(router.refusals(ofSteps: shares).map(\.description) == wanted)
    }

    @Test(arguments: RouterCapabilities.Growth.allCases)
    func usersKeepTheirVersionOnlyByAThreshold(growth: RouterCapabilities.Growth) {
        let router = Self.router(growth: growth)
        #expect(router.refusals(ofSteps: [100]) == [])
        #expect(
            router.refusals(ofSteps: [100], keepsUsers: true) == (growth == .sameUsers ? [] : [.usersChange(growth)]))
    }

    @Test(
        arguments: [
            (1_000, 1_000, true), (961, 1_000, true), (960, 1_000, false), (1_001, 1_000, false), (0, 0, true),
            (1, 0, false), (10_000, 10_000, true), (9_999, 10_000, false), (0, 30, true),
        ])
    func inPlaceIsNeverMoreAndLessByAtMostOneStep(observed: Int, wanted: Int, isInPlace: Bool) {
        #expect(Self.router().isInPlace(observed, wanted: wanted) == isInPlace)
    }

    private static func nginx(_ keys: [String]) -> RouterPlan {
        let choices = keys.enumerated().map { NginxIncludePlan.Choice(variable: "$v\($0)", key: $1) }
        let instance = NginxIncludePlan.Instance(file: "/a", command: ["/n"], stateURL: "http://a/s")
        return .nginx(
            .include(
                NginxIncludePlan(instances: [instance], content: .choices(choices, baseline: "o", canary: "n"))))
    }

    private static func http(_ step: HTTPRouterPlan.Step, total: Int = 100) -> RouterPlan {
        .http(HTTPRouterPlan(instances: ["http://a"], total: total, set: [step]))
    }

    private static func weights(_ baseline: [String], _ canary: [String], sticky: Bool = false) -> RouterPlan {
        .haproxy(
            HAProxyPlan(
                sockets: ["/s"], mode: .weights(backend: "b", baseline: baseline, canary: canary, sticky: sticky)))
    }

    /// Growth, memory and the smallest step of each kind.
    @Test(
        arguments: [
            (.gray(GrayRouterPlan(instances: ["http://a"])), .sameUsers, .everything, 1),
            (RouterPlan(GrayRouterPlan(instances: ["http://a"]), growth: .perRequest), .perRequest, .everything, 1),
            (weights(["a"], ["b"]), .perRequest, .nothing, 39),
            (weights(["a"], ["b"], sticky: true), .cookie, .nothing, 39),
            (weights(["a", "b", "c"], ["d"]), .perRequest, .nothing, 116),
            (.haproxy(HAProxyPlan(sockets: ["/s"], mode: .map(file: "/m", key: "k"))), .unknown, .nothing, 100),
            (nginx(["$http_x_user_id"]), .sameUsers, .everything, 1),
            (nginx(["$request_id"]), .perRequest, .everything, 1),
            (nginx(["$cookie_uid", "${request_id}x"]), .unknown, .everything, 1),
            (http(.init(method: "PUT", url: "/${weight.canary}"), total: 3), .unknown, .nothing, 3_334),
            (http(.init(method: "PUT", url: "/off")), .unknown, .nothing, 10_000),
            (
                .caddy(CaddyPlan(instances: ["http://a"], id: "i", baseline: ["a:1"], canary: ["b:1"])), .perRequest,
                .nothing,
                39
            ),
            (
                .envoy(
                    EnvoyPlan(
                        mode: .runtime(prefix: "p", admin: EnvoyAdmin(instances: ["http://a"])),
                        clusters: PoolPair(baseline: "o", canary: "n"), total: 1_000)), .unknown, .reload, 10
            ),
        ] as [(RouterPlan, RouterCapabilities.Growth, RouterCapabilities.Memory, Int)])
    func eachKindSaysWhatItOffersForSteps(
        plan: RouterPlan, growth: RouterCapabilities.Growth, keeps: RouterCapabilities.Memory, granularity: Int
    ) throws {
        let capabilities = try makeDriver(plan).capabilities
        #expect(capabilities.growth == growth && capabilities.keeps == keeps)
        #expect(capabilities.granularityBasisPoints == granularity)
    }

    /// No weight is small enough for 0.3 %: the canary gets nothing, and never more than it was given.
    @Test func aShareBelowTheSmallestIsNothing() throws {
        for (points, excerpt) in [(38, "weight 0"), (39, "weight 1")] {
            let calls = try makeDriver(Self.weights(["old1"], ["new1"])).plan(Split(canaryBasisPoints: points))
            #expect(calls.contains { $0.call == "set server b/new1 \(excerpt)" }, "\(calls)")
        }
        let content = NginxIncludePlan.Content.upstream(name: "app", baseline: ["a:1"], canary: ["c:1"])
        let include = try NginxInclude(content, release: "checkout")
        #expect(include.text(Split(canaryBasisPoints: 38)) == include.text(.allBaseline))
        // What it says of itself is what its weights give.
        let text = include.text(Split(canaryBasisPoints: 9_999))
        #expect(include.state(of: text)?.canaryBasisPoints == 9_961)
    }

    /// With a consistent hash a server that gains weight takes users from the others: as the share grows, the canary's
    /// servers only gain and the baseline's only lose.
    @Test func weightsForAConsistentHashNeverTakeUsersBack() {
        for (baseline, canary) in [(1, 1), (3, 1), (1, 3)] {
            let granularity = PoolWeights.granularityBasisPoints(baselineServers: baseline, canaryServers: canary)
            var before = (baseline: 256, canary: 0)
            for points in stride(from: granularity, to: 10_000, by: 13) {
                let weights = PoolWeights(
                    Split(canaryBasisPoints: points), baselineServers: baseline, canaryServers: canary, keepsUsers: true
                )
                #expect(weights.baseline <= before.baseline && weights.canary >= before.canary, "\(points): \(weights)")
                let share = 10_000 * canary * weights.canary
                let whole = canary * weights.canary + baseline * weights.baseline
                #expect(share <= points * whole && share >= (points - granularity) * whole, "\(points): \(weights)")
                before = (weights.baseline, weights.canary)
            }
        }
    }
}
