import Testing

@testable import ReferenceRouter

/// A policy that comes from a configuration centre.
@Suite("The policy of a centre")
struct PolicyTests {
    @Test(arguments: [("0", 0), ("10", 1_000), ("12.5", 1_250), ("0.05", 5), ("100", 10_000), (" 7\n", 700)])
    func aShareIsAPercentage(_ text: String, _ basisPoints: Int) throws {
        #expect(try RouterPolicy(share: Array(text.utf8), strategy: nil).canaryBasisPoints == basisPoints)
    }

    /// Nothing of this may be taken for a share: it could send users to a version that was taken out.
    @Test(arguments: ["", " ", "101", "-1", "1e1", "nan", "0x10", "10%", "1.234", "1.2.3", "١٠", "\"10\"", "10 20"])
    func whatIsNoPercentageIsRefused(_ text: String) {
        #expect(throws: RouterPolicy.Invalid.self) { try RouterPolicy(share: Array(text.utf8), strategy: nil) }
    }

    @Test(arguments: ["", "{}", "{\"kind\":\"all\"}", "{\"kind\":\"random\",\"header\":\"x\"}", "null", "[]"])
    func whatIsNoStrategyIsRefused(_ text: String) {
        #expect(throws: RouterPolicy.Invalid.self) { try RouterPolicy(share: nil, strategy: Array(text.utf8)) }
    }

    @Test func whatIsMissingStays() throws {
        let empty = try RouterPolicy(share: nil, strategy: nil)
        #expect(empty.canaryBasisPoints == nil && empty.strategy == nil)
    }

    @Test func aRunningRouterTakesItAndSavesIt() async throws {
        try await withRouter(canaryBasisPoints: 1_000) { router, _, _ in
            let policy = try RouterPolicy(
                share: Array("25".utf8), strategy: Array(#"{"kind": "random"}"#.utf8))
            #expect(try await router.router.follow(policy) == ["strategy", "share 25 %"])
            #expect(try await router.router.follow(policy) == [], "it is in force already")
            let split = try await Reply.to("GET", "/api/v1/split", at: router.admin).rawBody
            #expect(split.contains("\"canary_basis_points\":2500"))
            #expect(router.router.runningNow?.configuration.current.strategy == .random)
            // Another client may change the share; what the centre says holds again.
            #expect(try await router.setSplit(100).status == 200)
            #expect(try await router.router.follow(policy) == ["share 25 %"])
        }
    }

    /// Networks that cannot be read are refused by the same check as in a configuration, and the share is not touched.
    @Test func aStrategyThatIsInvalidChangesNothing() async throws {
        try await withRouter(canaryBasisPoints: 1_000) { router, _, _ in
            let policy = try RouterPolicy(
                share: Array("50".utf8), strategy: Array(#"{"kind": "region", "networks": ["moon"]}"#.utf8))
            await #expect(throws: GrayRouterError.self) { try await router.router.follow(policy) }
            let split = try await Reply.to("GET", "/api/v1/split", at: router.admin).rawBody
            #expect(split.contains("\"canary_basis_points\":1000"))
        }
    }
}
