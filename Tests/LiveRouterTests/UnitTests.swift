import DemoWorld
import Foundation
import Testing

/// Two services behind a HAProxy each, which a real daemon leads as one rollout.
@Suite(
    "Several services in one rollout",
    .enabled(
        if: Programs.rollguard != nil && LiveRouter.haproxyUnit.missing.isEmpty, "haproxy is not installed"))
struct UnitTests {
    @Test(.timeLimit(.minutes(15)))
    func aBadVersionIsTakenOutOfBothAndAGoodOneIsPromotedInBoth() async throws {
        try await FewAtOnce.shared.run { try await LedScene.run(.haproxyUnit, Self.lead) }
    }

    private static func lead(_ led: LedScene) async throws {
        let others = LoadGenerator(
            target: "127.0.0.1:\(led.scene.ports[8090])", requestsPerSecond: 100, users: 1_000, seed: 6)
        let loading = Task { await others.run() }
        defer { loading.cancel() }

        let bad = try await led.script(
            "rollguard begin shop --version v2.0.0 && rollguard wait shop --until standing:1")
        #expect(bad.status == 0, "\(bad.text)\n\(led.text)")
        for entry in [8080, 8090] {
            let counts = await count(led, entry: entry)
            #expect(counts["v1", default: 0] > 0 && counts["v2", default: 0] > 0, "\(entry): \(counts)")
        }
        await led.scene.new.setFault(.errors(share: 0.5))
        let caught = try await led.script("rollguard wait shop --until promoted")
        #expect(caught.status == 1 && caught.text.contains("rolled back"), "\(caught.text)\n\(led.text)")
        for entry in [8080, 8090] { #expect(await count(led, entry: entry) == ["v1": 50], "\(led.text)") }
        let latched = try await led.script("rollguard begin shop --version v2.0.0")
        #expect(latched.status == 7, "\(latched.text)")

        await led.scene.new.setFault(.none)
        let good = try await led.script("rollguard begin shop --version v2.0.1 && rollguard wait shop --until promoted")
        #expect(good.status == 0, "\(good.text)\n\(led.text)")
        for entry in [8080, 8090] { #expect(await count(led, entry: entry) == ["v2": 50], "\(led.text)") }
        let status = try await led.script("rollguard status shop")
        #expect(status.text.contains("shop: shop.api, shop.web"), "\(status.text)")
        await others.stop()
    }

    private static func count(_ led: LedScene, entry: Int) async -> [String: Int] {
        let load = LoadGenerator(
            target: "127.0.0.1:\(led.scene.ports[entry])", requestsPerSecond: 500, users: 100, seed: 2, requestLimit: 50
        )
        await load.run()
        return await load.statistics().answersByVersion
    }
}

extension LiveRouter {
    /// An HAProxy before each of two services, which have their places in the same processes.
    static let haproxyUnit = LiveRouter(
        name: "haproxy", variant: "two services in one rollout", programs: ["haproxy"],
        files: [
            "api.cfg": haproxyOfPart(entry: 8080, socket: "api.sock"),
            "web.cfg": haproxyOfPart(entry: 8090, socket: "web.sock"), "api.token": "a token of the tests\n",
            "deploy.sh": "#!/bin/sh\n",
        ],
        start: ["haproxy -db -f api.cfg", "haproxy -db -f web.cfg"], entries: [8080, 8090],
        rollguard: """
            state: state
            listen: {address: "127.0.0.1:9411", token_file: api.token}
            releases:
              - name: shop
                parts:
                  api: \(part(socket: "api.sock"))
                  web: \(part(socket: "web.sock"))
                order: [api, web]
                steps:
                  list: [25%, 50%, 100%]
                  every: {settle: 300ms, min: 2s}
                bake: {for: 2s}
                capacity: ignore

            """)

    /// In one line: a part is the same for both, but for its socket.
    private static func part(socket: String) -> String {
        "{scrape: {interval: 300ms, timeout: 250ms}, places: {blue: {targets: [\"127.0.0.1:8081\"]}, "
            + "green: {targets: [\"127.0.0.1:8082\"]}}, start: {blue: v1.0.0}, "
            + "indicators: {requests: http_requests_total, errors: 'http_requests_total{code=~\"5..\"}'}, "
            + "router: {kind: haproxy, socket: \(socket), backend: checkout, servers: {blue: [blue1], green: [green1]}}, "
            + "rollback: {observe_every: 300ms}, proof: {below: 3/s}, rules: [{name: shop, rules: [{alert: CanaryErrorRate, "
            + "indicator: error_rate, window: 3s, when: canary > 5%, min_requests: 20, action: rollback}]}]}"
    }

    private static func haproxyOfPart(entry: Int, socket: String) -> String {
        """
        global
            stats socket $PWD/\(socket) level admin
        defaults
            mode http
            timeout connect 1s
            timeout client 10s
            timeout server 10s
        frontend web
            bind 127.0.0.1:\(entry)
            default_backend checkout
        backend checkout
            balance roundrobin
            server blue1 127.0.0.1:8081 weight 100
            server green1 127.0.0.1:8082 weight 0

        """
    }
}
