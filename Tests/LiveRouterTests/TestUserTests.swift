import Foundation
import Testing

/// A step for test users on the reference router, by the real daemon: who asks for the new version gets it while the step is in
/// force, and no longer.
@Suite("Test users", .enabled(if: Programs.rollguard != nil, "rollguard was not built beside the tests"))
struct TestUserTests {
    private static let users = 60

    /// How many of the users get the new version.
    ///
    /// - Parameter asks: they send the header of test users.
    private func served(_ led: LedScene, asks: Bool) async throws -> Int {
        let url = try #require(URL(string: "http://127.0.0.1:\(led.scene.ports[8080])/"))
        var count = 0
        for user in 0..<Self.users {
            var headers = ["X-User-Id": "user\(user)"]
            if asks { headers["X-Canary"] = "please" }
            if try await HTTP.get(url, headers: headers).text.contains("from v2") { count += 1 }
        }
        return count
    }

    private func wait(_ led: LedScene, until state: String) async throws {
        let waited = try await led.script("rollguard wait checkout --until \(state) --timeout 60s")
        #expect(waited.status == 0, "\(waited.text)\n\(led.text)")
    }

    @Test(.timeLimit(.minutes(5)))
    func theRouteIsOpenInItsStepAlone() async throws {
        try await LedScene.run(.testUsers) { led in
            let begun = try await led.script("rollguard begin checkout --version v2.0.0")
            #expect(begun.status == 0, "\(begun.text)\n\(led.text)")
            try await wait(led, until: "standing:1")
            #expect(await eventually { try await self.served(led, asks: true) == Self.users }, "\(led.text)")
            #expect(try await served(led, asks: false) == 0)
            // Their requests pass the step's gate.
            _ = try await served(led, asks: true)
            try await wait(led, until: "standing:2")
            #expect(await eventually { try await self.served(led, asks: true) < Self.users / 2 }, "\(led.text)")
            let aborted = try await led.script("rollguard abort checkout --reason 'end of the test'")
            #expect(aborted.status == 0, "\(aborted.text)")
        }
    }

    @Test(.timeLimit(.minutes(5)))
    func anAbortClosesTheRoute() async throws {
        try await LedScene.run(.testUsers) { led in
            _ = try await led.script("rollguard begin checkout --version v2.0.0")
            try await wait(led, until: "standing:1")
            #expect(await eventually { try await self.served(led, asks: true) > 0 }, "\(led.text)")
            _ = try await led.script("rollguard pause checkout --reason 'a pause'")
            let aborted = try await led.script("rollguard abort checkout --reason 'not good enough'")
            #expect(aborted.status == 0, "\(aborted.text)")
            #expect(await eventually { try await self.served(led, asks: true) == 0 }, "\(led.text)")
            #expect(await eventually { try await led.rollouts().ended.first?.end == "aborted" }, "\(led.text)")
        }
    }
}

extension LiveRouter {
    /// The reference router before two places, with a route for test users that is closed.
    fileprivate static let testUsers = LiveRouter(
        name: "gray", variant: "test users", programs: [],
        files: [
            "router.json": """
            {
              "listen": "127.0.0.1:8080", "admin_listen": "127.0.0.1:9412", "state_file": "split.json",
              "baseline": ["127.0.0.1:8081"], "canary": ["127.0.0.1:8082"],
              "baseline_version": "v1", "canary_version": "v2",
              "forced": {"header": "X-Canary", "value": "please"},
              "strategy": {"kind": "user_hash", "header": "X-User-Id"}, "initial_canary_basis_points": 0
            }
            """,
            "api.token": "a token of the tests\n", "deploy.sh": "#!/bin/sh\n",
        ],
        start: ["rollguard router --config router.json"], entries: [8080], ports: [9412],
        rollguard: """
            state: state
            listen: {address: "127.0.0.1:9411", token_file: api.token}
            releases:
              - name: checkout
                scrape: {interval: 300ms, timeout: 250ms}
                places:
                  blue:  {targets: ["127.0.0.1:8081"]}
                  green: {targets: ["127.0.0.1:8082"]}
                start: {blue: v1.0.0}
                indicators:
                  requests: http_requests_total
                  errors:   http_requests_total{code=~"5.."}
                router: {kind: gray, instances: ["http://127.0.0.1:9412"], forced: true}
                rollback: {observe_every: 300ms}
                proof: {below: 3/s}
                steps:
                  list: [0%, 25%, 100%]
                  every: {settle: 300ms, min: 1s}
                  at:
                    0%: {settle: 0s, min: 1s, requests: 100, forced: true}
                    25%: {min: 1h}
                capacity: ignore
                rules:
                  - name: checkout
                    rules:
                      - {alert: CanaryErrorRate, indicator: error_rate, window: 3s, when: canary > 50%, min_requests: 200, action: rollback}

            """)
}
