import Model
import Ports
import Routers
import Testing

/// A real HAProxy with real requests.
@Suite(.enabled(if: HAProxyProcess.isInstalled, "\(HAProxyProcess.advice)"), .timeLimit(.minutes(15)))
struct HAProxyLiveTests {
    private func weights(
        _ sockets: [String], baseline: [String] = ["old1"], canary: [String] = ["new1"], sticky: Bool = false,
        backend: String = "be"
    ) throws -> any RouterDriver {
        let mode = HAProxyPlan.Mode.weights(backend: backend, baseline: baseline, canary: canary, sticky: sticky)
        return try makeDriver(.haproxy(HAProxyPlan(sockets: sockets, mode: mode)))
    }

    private static let pair = [HAProxyProcess.Server(name: "old1"), HAProxyProcess.Server(name: "new1")]

    @Test func weightsMoveTheTrafficToTenPercentAndToNothing() async throws {
        try await HAProxyProcess.run(servers: Self.pair) { haproxy in
            let driver = try weights([haproxy.adminSocket])
            #expect(await driver.apply(Split(canaryBasisPoints: 1_000), timeoutMs: 5_000).map(\.outcome) == [.accepted])
            let seen = try #require(await driver.observe(timeoutMs: 5_000).first)
            #expect(seen.canaryBasisPoints == 1_000)
            #expect(seen.level == .loaded && seen.problem == nil && seen.baselineHealthy == true)
            let mixed = try await haproxy.traffic(200)
            #expect((15...25).contains(mixed["new1", default: 0]), "\(mixed)")

            #expect(await driver.apply(.allBaseline, timeoutMs: 5_000).map(\.outcome) == [.accepted])
            #expect(await driver.observe(timeoutMs: 5_000).map(\.canaryBasisPoints) == [0])
            #expect(try await haproxy.traffic(100) == ["old1": 100])
            // The baseline has what its configuration gives it.
            #expect(try await haproxy.ask("get weight be/old1").hasPrefix("100 (initial 100)"))
        }
    }

    @Test func aShareHoldsWithSeveralServersPerPool() async throws {
        let names = ["old1", "old2", "old3", "new1", "new2"]
        try await HAProxyProcess.run(servers: names.map { HAProxyProcess.Server(name: $0) }) { haproxy in
            let driver = try weights(
                [haproxy.adminSocket], baseline: ["old1", "old2", "old3"], canary: ["new1", "new2"])
            _ = await driver.apply(Split(canaryBasisPoints: 2_500), timeoutMs: 5_000)
            #expect(await driver.observe(timeoutMs: 5_000).map(\.canaryBasisPoints) == [2_500])
            let counts = try await haproxy.traffic(240)
            let canary = counts["new1", default: 0] + counts["new2", default: 0]
            #expect((54...66).contains(canary), "\(counts)")
            #expect(["old1", "old2", "old3"].allSatisfy { (54...66).contains(counts[$0, default: 0]) }, "\(counts)")

            _ = await driver.apply(.allBaseline, timeoutMs: 5_000)
            let after = try await haproxy.traffic(60)
            #expect(after == ["old1": 20, "old2": 20, "old3": 20])
        }
    }

    @Test func aRollbackGivesUnequalBaselineServersTheirOwnWeightsBack() async throws {
        let servers = [
            HAProxyProcess.Server(name: "old1", weight: 90), HAProxyProcess.Server(name: "old2", weight: 30),
            HAProxyProcess.Server(name: "new1", weight: 10),
        ]
        try await HAProxyProcess.run(servers: servers) { haproxy in
            let driver = try weights([haproxy.adminSocket], baseline: ["old1", "old2"])
            _ = await driver.apply(Split(canaryBasisPoints: 5_000), timeoutMs: 5_000)
            _ = await driver.apply(.allBaseline, timeoutMs: 5_000)
            #expect(try await haproxy.ask("get weight be/old1").hasPrefix("90 "))
            #expect(try await haproxy.ask("get weight be/old2").hasPrefix("30 "))
        }
    }

    @Test func aBaselineThatIsConfiguredWithNothingIsNotLeftAtNothing() async throws {
        let servers = [
            HAProxyProcess.Server(name: "old1", weight: 0), HAProxyProcess.Server(name: "new1", weight: 100),
        ]
        try await HAProxyProcess.run(servers: servers) { haproxy in
            let driver = try weights([haproxy.adminSocket])
            #expect(await driver.observe(timeoutMs: 5_000).map(\.canaryBasisPoints) == [10_000])
            #expect(await driver.apply(.allBaseline, timeoutMs: 5_000).map(\.outcome) == [.accepted])
            #expect(try await haproxy.traffic(20) == ["old1": 20])
        }
    }

    @Test func everythingToACanaryThatIsConfiguredWithNothing() async throws {
        let servers = [
            HAProxyProcess.Server(name: "old1", weight: 100), HAProxyProcess.Server(name: "new1", weight: 0),
        ]
        try await HAProxyProcess.run(servers: servers) { haproxy in
            let driver = try weights([haproxy.adminSocket])
            #expect(
                await driver.apply(Split(canaryBasisPoints: 10_000), timeoutMs: 5_000).map(\.outcome) == [.accepted])
            #expect(try await haproxy.traffic(20) == ["new1": 20])
            #expect(await driver.observe(timeoutMs: 5_000).map(\.canaryBasisPoints) == [10_000])
        }
    }

    @Test func stickyClientsLeaveByMaintenanceAndComeBackWithAShare() async throws {
        let servers = [
            HAProxyProcess.Server(name: "old1", options: "cookie o1"),
            HAProxyProcess.Server(name: "new1", options: "cookie n1"),
        ]
        let backend = ["balance roundrobin", "cookie SRV insert indirect nocache", "option redispatch"]
        try await HAProxyProcess.run(servers: servers, backend: backend) { haproxy in
            // Weights alone leave the client where its cookie leads, and the read-back says so.
            let loose = try weights([haproxy.adminSocket])
            _ = await loose.apply(.allBaseline, timeoutMs: 5_000)
            #expect(try await haproxy.traffic(10, cookie: "SRV=n1") == ["new1": 10])
            let seen = await loose.observe(timeoutMs: 5_000)
            #expect(seen.first?.problem?.contains("cookie SRV") == true)

            let sticky = try weights([haproxy.adminSocket], sticky: true)
            #expect(await sticky.observe(timeoutMs: 5_000).first?.canaryBasisPoints == nil)
            #expect(await sticky.apply(.allBaseline, timeoutMs: 5_000).map(\.outcome) == [.accepted])
            #expect(try await haproxy.traffic(10, cookie: "SRV=n1") == ["old1": 10])
            #expect(await sticky.observe(timeoutMs: 5_000).map(\.canaryBasisPoints) == [0])

            _ = await sticky.apply(Split(canaryBasisPoints: 5_000), timeoutMs: 5_000)
            #expect(await sticky.observe(timeoutMs: 5_000).map(\.canaryBasisPoints) == [5_000])
            #expect(try await haproxy.traffic(10, cookie: "SRV=n1") == ["new1": 10])
        }
    }

    /// A promotion leaves the old version's servers in maintenance; then they are the canary, and get ready with a share.
    /// A rollback of the promoted version finds them there and wakes them.
    @Test func stickyClientsFollowAPromotionAndItsReversal() async throws {
        let servers = [
            HAProxyProcess.Server(name: "blue", options: "cookie b1"),
            HAProxyProcess.Server(name: "green", options: "cookie g1"),
        ]
        let backend = ["balance roundrobin", "cookie SRV insert indirect nocache", "option redispatch"]
        try await HAProxyProcess.run(servers: servers, backend: backend) { haproxy in
            func driver(_ aim: RouterAim) throws -> any RouterDriver {
                try TestedAim.$current.withValue(aim) {
                    try weights([haproxy.adminSocket], baseline: ["blue"], canary: ["green"], sticky: true)
                }
            }
            let (direct, turned) = (try driver(.direct), try driver(.turned))
            func apply(_ driver: any RouterDriver, _ points: Int) async {
                let receipts = await driver.apply(Split(canaryBasisPoints: points), timeoutMs: 5_000)
                #expect(receipts.map(\.outcome) == [.accepted], "\(receipts)")
            }
            func seen(_ driver: any RouterDriver) async throws -> RouterObservation {
                try #require(await driver.observe(timeoutMs: 5_000).first)
            }
            await apply(direct, 10_000)
            #expect(try await haproxy.traffic(10, cookie: "SRV=b1") == ["green": 10])
            #expect(try await seen(direct).canaryBasisPoints == 10_000)
            // A server in maintenance is not checked: that it is down is not known.
            #expect(try await seen(direct).baselineHealthy == nil)
            let promoted = try await seen(turned)
            #expect(promoted.canaryBasisPoints == 0 && promoted.problem == nil && promoted.baselineHealthy == true)

            await apply(turned, 5_000)
            #expect(try await seen(turned).canaryBasisPoints == 5_000)
            #expect(try await haproxy.traffic(10, cookie: "SRV=b1") == ["blue": 10])
            await apply(turned, 0)
            #expect(try await haproxy.traffic(10, cookie: "SRV=b1") == ["green": 10])

            await apply(direct, 0)
            #expect(try await seen(direct).canaryBasisPoints == 0)
            #expect(try await haproxy.traffic(10, cookie: "SRV=g1") == ["blue": 10])
            #expect(try await seen(turned).canaryBasisPoints == 10_000)
        }
    }

    /// What an operator took out stays out; what a share of everything took out does not.
    @Test func anOperatorsMaintenanceOfABaselineServerIsLeftAlone() async throws {
        let servers = ["old1", "old2", "new1"].map { HAProxyProcess.Server(name: $0, options: "cookie \($0)") }
        let backend = ["balance roundrobin", "cookie SRV insert indirect nocache", "option redispatch"]
        try await HAProxyProcess.run(servers: servers, backend: backend) { haproxy in
            let driver = try weights([haproxy.adminSocket], baseline: ["old1", "old2"], sticky: true)
            try await haproxy.ask("set server be/old1 state maint")
            _ = await driver.apply(Split(canaryBasisPoints: 2_000), timeoutMs: 5_000)
            _ = await driver.apply(.allBaseline, timeoutMs: 5_000)
            #expect(try await haproxy.traffic(10) == ["old2": 10])
        }
    }

    @Test func aRollbackWorksWithAStaticAlgorithmAndAShareIsRefused() async throws {
        try await HAProxyProcess.run(servers: Self.pair, backend: ["balance source", "hash-type map-based"]) {
            haproxy in
            let driver = try weights([haproxy.adminSocket])
            let refused = await driver.apply(Split(canaryBasisPoints: 1_000), timeoutMs: 5_000)
            #expect(refused.map(\.outcome) == [.rejected])
            #expect(refused.first?.detail.contains("static LB algorithm") == true)
            #expect(await driver.apply(.allBaseline, timeoutMs: 5_000).map(\.outcome) == [.accepted])
            #expect(try await haproxy.traffic(10) == ["old1": 10])
        }
    }

    @Test func theMapMovesTheTraffic() async throws {
        try await HAProxyProcess.run(servers: Self.pair) { haproxy in
            let driver = try makeDriver(
                .haproxy(HAProxyPlan(sockets: [haproxy.adminSocket], mode: .map(file: haproxy.mapFile, key: "app"))))
            #expect(await driver.observe(timeoutMs: 5_000).map(\.canaryBasisPoints) == [1_000])
            _ = await driver.apply(Split(canaryBasisPoints: 5_000), timeoutMs: 5_000)
            #expect(await driver.observe(timeoutMs: 5_000).map(\.canaryBasisPoints) == [5_000])
            let half = try await haproxy.traffic(200, socket: "mapped.sock")
            // Six standard deviations of a fair coin.
            #expect((58...142).contains(half["canary", default: 0]), "\(half)")
            #expect(await driver.apply(.allBaseline, timeoutMs: 5_000).map(\.outcome) == [.accepted])
            #expect(try await haproxy.traffic(100, socket: "mapped.sock") == ["baseline": 100])
            // The other entry must not change.
            #expect(try await haproxy.ask("get map \(haproxy.mapFile) other").contains("value=\"33\""))
        }
    }

    /// Test users get the canary at 0 %, until a rollback closes their route before it takes the share.
    @Test func theMapOpensAndClosesTheRouteOfTestUsers() async throws {
        try await HAProxyProcess.run(servers: Self.pair) { haproxy in
            let plan = RouterPlan.haproxy(
                HAProxyPlan(
                    sockets: [haproxy.adminSocket], mode: .map(file: haproxy.mapFile, key: "app"), forcedKey: "tester"))
            func version(_ cookie: String?) async throws -> String {
                try await haproxy.get(socket: "mapped.sock", cookie: cookie).body
            }
            for (aim, tested, other) in [
                (RouterAim.direct, "canary", "baseline"), (.turned, "baseline", "canary"),
            ] {
                let driver = try TestedAim.$current.withValue(aim) { try makeDriver(plan) }
                _ = await driver.apply(.allBaseline, timeoutMs: 5_000)
                #expect(try await version("canary=yes") == other)
                #expect(await driver.setForced(isOpen: true, timeoutMs: 5_000).map(\.outcome) == [.accepted])
                #expect(try await version("canary=yes") == tested)
                #expect(try await version("canary=no") == other)
                #expect(try await version(nil) == other)
                #expect(driver.plan(.allBaseline).map(\.call).first == "set map \(haproxy.mapFile) tester 0")
                #expect(await driver.apply(.allBaseline, timeoutMs: 5_000).map(\.outcome) == [.accepted])
                #expect(try await version("canary=yes") == other)
            }
        }
    }

    @Test(
        arguments: [
            ("odd", 10_000, "150, more than 100 %"), ("absent", nil, "has no entry absent"),
        ] as [(String, Int?, String)])
    func anOddMapEntryIsReported(key: String, share: Int?, problem: String) async throws {
        try await HAProxyProcess.run(servers: Self.pair) { haproxy in
            let driver = try makeDriver(
                .haproxy(HAProxyPlan(sockets: [haproxy.adminSocket], mode: .map(file: haproxy.mapFile, key: key))))
            let seen = try #require(await driver.observe(timeoutMs: 5_000).first)
            #expect(seen.canaryBasisPoints == share)
            #expect(seen.problem?.contains(problem) == true, "\(seen)")
        }
    }

    @Test func aMapWithoutTheKeyRefuses() async throws {
        try await HAProxyProcess.run(servers: Self.pair) { haproxy in
            for (file, key, excerpt) in [
                (haproxy.mapFile, "absent", "entry not found"), ("/no/such.map", "app", "Unknown map identifier"),
            ] {
                let driver = try makeDriver(
                    .haproxy(HAProxyPlan(sockets: [haproxy.adminSocket], mode: .map(file: file, key: key))))
                let receipt = try #require(await driver.apply(.allBaseline, timeoutMs: 5_000).first)
                #expect(receipt.outcome == .rejected)
                #expect(receipt.detail.contains(excerpt), "\(receipt.detail)")
                #expect(await driver.observe(timeoutMs: 5_000).first?.canaryBasisPoints == nil)
            }
        }
    }

    @Test func aDeadInstanceDoesNotHoldUpTheOthers() async throws {
        try await HAProxyProcess.run(servers: Self.pair) { first in
            try await HAProxyProcess.run(servers: Self.pair) { second in
                let dead = first.folder + "/missing.sock"
                let sockets = [first.adminSocket, dead, second.adminSocket]
                let driver = try weights(sockets)
                let receipts = await driver.apply(.allBaseline, timeoutMs: 5_000)
                #expect(receipts.map(\.instance) == sockets)
                #expect(receipts.map(\.outcome) == [.accepted, .unreachable, .accepted])
                let seen = await driver.observe(timeoutMs: 5_000)
                #expect(seen.map(\.instance) == sockets)
                #expect(seen.map(\.canaryBasisPoints) == [0, nil, 0])
                #expect(seen[1].level == .loaded && seen[1].problem?.isEmpty == false)
                #expect(try await second.traffic(10) == ["old1": 10])
            }
        }
    }

    @Test func aTCPSocketWorksToo() async throws {
        let port = try FreePort.find()
        let globals = ["stats socket ipv4@127.0.0.1:\(port) level admin"]
        try await HAProxyProcess.run(servers: Self.pair, globals: globals) { haproxy in
            let driver = try weights(["127.0.0.1:\(port)"])
            #expect(await driver.apply(.allBaseline, timeoutMs: 5_000).map(\.outcome) == [.accepted])
            #expect(try await haproxy.traffic(10) == ["old1": 10])
        }
    }

    @Test func rightsThatDoNotSufficeAreNamed() async throws {
        try await HAProxyProcess.run(servers: Self.pair) { haproxy in
            for socket in [haproxy.userSocket, haproxy.operatorSocket] {
                let driver = try weights([socket])
                let receipt = try #require(await driver.apply(.allBaseline, timeoutMs: 5_000).first)
                #expect(receipt.outcome == .rejected)
                #expect(receipt.detail.contains("Permission denied"), "\(receipt.detail)")
                #expect(receipt.detail.contains("level admin"))
                // Reading is allowed to everybody, and says that a change would be refused.
                let seen = try #require(await driver.observe(timeoutMs: 5_000).first)
                #expect(seen.canaryBasisPoints == 5_000 && seen.isWritable == false)
                #expect(seen.problem?.contains("level admin") == true, "\(seen)")
            }
        }
    }

    @Test func aWrongCanaryNameIsRefusedAndAWrongBaselineNameDoesNotStopARollback() async throws {
        try await HAProxyProcess.run(servers: Self.pair) { haproxy in
            let wrongCanary = try weights([haproxy.adminSocket], canary: ["new9"])
            let receipt = try #require(await wrongCanary.apply(.allBaseline, timeoutMs: 5_000).first)
            #expect(receipt.outcome == .rejected && receipt.detail.contains("No such server"), "\(receipt)")
            let unseen = try #require(await wrongCanary.observe(timeoutMs: 5_000).first)
            #expect(unseen.canaryBasisPoints == nil && unseen.problem?.contains("no server new9") == true)

            let wrongBaseline = try weights([haproxy.adminSocket], baseline: ["old1", "old9"])
            #expect(await wrongBaseline.apply(.allBaseline, timeoutMs: 5_000).map(\.outcome) == [.accepted])
            let seen = try #require(await wrongBaseline.observe(timeoutMs: 5_000).first)
            #expect(seen.canaryBasisPoints == 0 && seen.problem?.contains("no server old9") == true)
            // It is found while the release is watched: no share can be set on it.
            #expect(seen.isWritable == false && unseen.isWritable == nil)

            let driver = try weights([haproxy.adminSocket])
            let noBaseline = try weights([haproxy.adminSocket], baseline: ["old9"])
            #expect(await noBaseline.apply(.allBaseline, timeoutMs: 5_000).map(\.outcome) == [.rejected])
            // Only the canary could answer, so it was left as it was.
            #expect(try await haproxy.traffic(4) == ["old1": 4])
            _ = await driver.apply(Split(canaryBasisPoints: 10_000), timeoutMs: 5_000)
            #expect(await noBaseline.apply(.allBaseline, timeoutMs: 5_000).map(\.outcome) == [.rejected])
            #expect(try await haproxy.traffic(4) == ["new1": 4])

            let noBackend = try weights([haproxy.adminSocket], backend: "elsewhere")
            #expect(await noBackend.apply(.allBaseline, timeoutMs: 5_000).map(\.outcome) == [.rejected])
            #expect(await noBackend.observe(timeoutMs: 5_000).first?.problem?.contains("No such proxy") == true)
        }
    }

    @Test func whatAnOperatorDoesIsSeen() async throws {
        let servers = ["old1", "old2", "new1", "spare"].map { HAProxyProcess.Server(name: $0) }
        try await HAProxyProcess.run(servers: servers) { haproxy in
            let driver = try weights([haproxy.adminSocket], baseline: ["old1", "old2"])
            func seen() async throws -> RouterObservation { try #require(await driver.observe(timeoutMs: 5_000).first) }

            var now = try await seen()
            #expect(now.canaryBasisPoints == 2_500)
            #expect(now.problem == "spare takes traffic too and is in no pool")
            try await haproxy.ask("set server be/spare state maint")
            #expect(try await seen().canaryBasisPoints == 3_333)
            try await haproxy.ask("set server be/old1 state drain")
            #expect(try await seen().canaryBasisPoints == 5_000)
            try await haproxy.ask("set server be/old2 state maint")
            now = try await seen()
            #expect(now.canaryBasisPoints == 10_000 && now.baselineHealthy == false)
            // A rollback leaves them as the operator put them, and says what that means.
            _ = await driver.apply(.allBaseline, timeoutMs: 5_000)
            now = try await seen()
            #expect(now.canaryBasisPoints == nil && now.problem?.contains("no server of the backend be") == true)
            try await haproxy.ask("set server be/old2 state ready")
            now = try await seen()
            #expect(now.canaryBasisPoints == 0 && now.baselineHealthy == true && now.problem == nil)
            try await haproxy.ask("set server be/new1 weight 1")
            #expect(try await seen().canaryBasisPoints == 99)
        }
    }

    @Test func aCanaryThatIsDownTakesNothingButIsNotForgotten() async throws {
        let servers = [
            HAProxyProcess.Server(name: "old1"),
            HAProxyProcess.Server(name: "new1", options: "check inter 50ms fall 1"),
            HAProxyProcess.Server(name: "aid", options: "backup"),
        ]
        try await HAProxyProcess.run(servers: servers) { haproxy in
            try await haproxy.ask("set server be/new1 health down")
            try await haproxy.ask("disable health be/new1")
            try await haproxy.ask("set server be/new1 health down")
            let driver = try weights([haproxy.adminSocket])
            let seen = try #require(await driver.observe(timeoutMs: 5_000).first)
            #expect(seen.canaryBasisPoints == 0)
            #expect(seen.problem?.contains("new1 is down with weight 100") == true, "\(seen)")
            _ = await driver.apply(.allBaseline, timeoutMs: 5_000)
            let after = try #require(await driver.observe(timeoutMs: 5_000).first)
            #expect(after.canaryBasisPoints == 0 && after.problem == nil)
        }
    }

    @Test func aFrontendOfTheSameNameIsNotTakenForTheBackend() async throws {
        try await HAProxyProcess.run(servers: Self.pair, frontend: "be") { haproxy in
            let driver = try weights([haproxy.adminSocket])
            #expect(await driver.observe(timeoutMs: 5_000).map(\.canaryBasisPoints) == [5_000])
            #expect(await driver.apply(.allBaseline, timeoutMs: 5_000).map(\.outcome) == [.accepted])
            let seen = try #require(await driver.observe(timeoutMs: 5_000).first)
            #expect(seen.canaryBasisPoints == 0 && seen.baselineHealthy == true && seen.problem == nil)
        }
    }

    @Test func manyServersNeedMoreThanOneLine() async throws {
        let old = (1...120).map { "old-server-with-a-long-name-\($0)" }
        let servers = (old + ["new1"]).map { HAProxyProcess.Server(name: $0) }
        try await HAProxyProcess.run(servers: servers) { haproxy in
            let driver = try weights([haproxy.adminSocket], baseline: old)
            #expect(await driver.apply(Split(canaryBasisPoints: 100), timeoutMs: 10_000).map(\.outcome) == [.accepted])
            let share = try #require(await driver.observe(timeoutMs: 5_000).first?.canaryBasisPoints)
            #expect((98...102).contains(share))
            #expect(await driver.apply(.allBaseline, timeoutMs: 10_000).map(\.outcome) == [.accepted])
            #expect(await driver.observe(timeoutMs: 5_000).map(\.canaryBasisPoints) == [0])
        }
    }
}
