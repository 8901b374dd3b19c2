import Model
import Ports
import Testing

@testable import Routers

/// Answers that a healthy HAProxy does not give.
@Suite(.timeLimit(.minutes(15)))
struct RuntimeSocketTests {
    private func weights(_ socket: String, sticky: Bool = false) throws -> any RouterDriver {
        let mode = HAProxyPlan.Mode.weights(backend: "be", baseline: ["old1"], canary: ["new1"], sticky: sticky)
        return try makeDriver(.haproxy(HAProxyPlan(sockets: [socket], mode: mode)))
    }

    @Test func aSilentHAProxyIsUnknownWhenTheTimeIsOver() async throws {
        try await ScriptedSocket.run({ _ in .silence }) { socket in
            let driver = try weights(socket.address)
            let receipt = try #require(await driver.apply(.allBaseline, timeoutMs: 2_000).first)
            #expect(receipt.outcome == .unknown)
            #expect(receipt.detail.contains("no whole answer within"))
            let seen = try #require(await driver.observe(timeoutMs: 500).first)
            #expect(seen.canaryBasisPoints == nil && seen.level == .loaded && seen.problem != nil)
        }
    }

    @Test(arguments: [
        ("", "closed before the end"), ("No such", "closed before the end"), ("\n", "1 answers to 2 commands"),
        ("\n\n\n\n\n", "5 answers to 2 commands"), (String(repeating: "x", count: 2_000_000), "larger than"),
    ])
    func anAnswerThatIsNotWholeIsUnknown(answer: String, excerpt: String) async throws {
        try await ScriptedSocket.run({ _ in .text(answer) }) { socket in
            let receipt = try #require(await weights(socket.address).apply(.allBaseline, timeoutMs: 10_000).first)
            #expect(receipt.outcome == .unknown)
            #expect(receipt.detail.contains(excerpt), "\(receipt.detail)")
            #expect(receipt.detail.count <= 500)
        }
    }

    @Test func nothingListeningIsUnreachable() async throws {
        let receipts = try await weights("127.0.0.1:\(FreePort.find())").apply(.allBaseline, timeoutMs: 5_000)
        #expect(receipts.map(\.outcome) == [.unreachable])
    }

    @Test func theRollbackIsAReadBackAndOneLine() async throws {
        try await ScriptedSocket.run({ line in
            .text(line.hasPrefix("get") ? "9 (initial 10)\n\n1 (initial 1)\n\n" : "\n\n\n10 (initial 10)\n\n")
        }) { socket in
            let driver = try weights(socket.address, sticky: true)
            #expect(await driver.apply(.allBaseline, timeoutMs: 5_000).map(\.outcome) == [.accepted])
            let expected = [
                "set server be/new1 weight 0", "set server be/new1 state maint", "set server be/old1 weight 100%",
                "get weight be/old1",
            ]
            let reads = ["get weight be/new1", "get weight be/old1"]
            #expect(socket.lines == [reads.joined(separator: ";"), expected.joined(separator: ";")])
            #expect(driver.plan(.allBaseline).map(\.call) == reads + expected)
        }
    }

    @Test func theBaselineGoesToNothingOnlyAfterTheCanaryWasRaised() async throws {
        try await ScriptedSocket.run({ _ in .text("No such server.\n\nNo such server.\n\n") }) { socket in
            let driver = try weights(socket.address)
            let receipts = await driver.apply(Split(canaryBasisPoints: 10_000), timeoutMs: 5_000)
            #expect(receipts.map(\.outcome) == [.rejected])
            #expect(socket.lines == ["set server be/new1 weight 100%;get weight be/new1"])
        }
    }

    @Test(arguments: [
        ("hello\n\n", "hello"),
        ("# pxname,svname,status\n\n", "no columns"),
        ("# pxname,svname,status,weight,type\nbe,old1,UP,many,2\n\n", "weight of old1"),
        ("# pxname,svname,status,weight,type\n\n", "no server"),
    ])
    func statisticsThatCannotBeReadAreAProblem(answer: String, excerpt: String) async throws {
        try await ScriptedSocket.run({ _ in .text(answer) }) { socket in
            let seen = try #require(await weights(socket.address).observe(timeoutMs: 5_000).first)
            #expect(seen.canaryBasisPoints == nil)
            #expect(seen.problem?.contains(excerpt) == true, "\(seen)")
        }
    }

    @Test(arguments: [
        ("UP", 50, 5_000, true), ("UP 1/3", 50, 5_000, true), ("no check", 50, 5_000, true),
        ("DOWN", 50, 10_000, false), ("DOWN 1/2", 50, 10_000, false), ("MAINT", 50, 10_000, false),
        ("MAINT (via be/old2)", 50, 10_000, false), ("DRAIN", 50, 10_000, false), ("NOLB", 50, 10_000, false),
        ("UP", 0, 10_000, true), ("a status of the future", 50, 5_000, false),
    ])
    func aStatusDecidesWhatABaselineServerTakes(status: String, weight: Int, share: Int, healthy: Bool) async throws {
        let csv = """
            # pxname,svname,status,weight,bck,type,check_desc
            be,old1,\(status),\(weight),0,2,"said ""no"", then

            nothing"
            be,new1,UP,50,0,2,
            be,aid,UP,50,1,2,

            """
        try await ScriptedSocket.run({ _ in .text(csv + "\n") }) { socket in
            let seen = try #require(await weights(socket.address).observe(timeoutMs: 5_000).first)
            #expect(seen.canaryBasisPoints == share)
            #expect(seen.baselineHealthy == healthy)
        }
    }

    @Test(
        arguments: [
            ("type=str, case=sensitive, found=yes, idx=tree, key=\"app\", value=\"0\", type=\"sint\"\n\n", 0),
            ("type=str, found=no\ntype=beg, found=yes, key=\"app\", value=\"25\", type=\"str\"\n\n", 2_500),
            ("type=beg, found=yes, key=\"ap\", value=\"25\", type=\"str\"\n\n", nil),
            ("type=str, found=yes, key=\"app\", value=\"many\", type=\"str\"\n\n", nil),
            ("type=str, found=yes, key=\"app\", value=\"-5\", type=\"sint\"\n\n", nil),
            ("type=str, found=yes, key=\"app\"\n\n", nil), ("\n", nil),
        ] as [(String, Int?)])
    func aMapEntryIsReadOnlyWhenItIsTheKey(answer: String, share: Int?) async throws {
        try await ScriptedSocket.run({ _ in .text(answer) }) { socket in
            let plan = HAProxyPlan(sockets: [socket.address], mode: .map(file: "/etc/split.map", key: "app"))
            let seen = try #require(await makeDriver(.haproxy(plan)).observe(timeoutMs: 5_000).first)
            #expect(seen.canaryBasisPoints == share)
            #expect((seen.problem == nil) == (share != nil))
            #expect(socket.lines == ["get map /etc/split.map app"])
        }
    }

    @Test(arguments: [(10_000, 100), (0, 0), (1_099, 10), (99, 0), (5_050, 50)])
    func aMapNeverGivesTheCanaryMoreThanAskedFor(points: Int, percent: Int) throws {
        let plan = HAProxyPlan(sockets: ["/run/a.sock"], mode: .map(file: "/m", key: "app"))
        let calls = try makeDriver(.haproxy(plan)).plan(Split(canaryBasisPoints: points))
        #expect(calls == [PlannedCall(instance: "/run/a.sock", call: "set map /m app \(percent)")])
    }

    @Test func poolWeightsComeAsNearAsWholeNumbersCan() {
        for baseline in [1, 2, 3, 7, 20] {
            for canary in [1, 2, 5] {
                let coarsest = PoolWeights.granularityBasisPoints(baselineServers: baseline, canaryServers: canary)
                for points in stride(from: 50, to: 10_000, by: 350) {
                    let weights = PoolWeights(
                        Split(canaryBasisPoints: points), baselineServers: baseline, canaryServers: canary)
                    #expect((1...256).contains(weights.baseline) && (1...256).contains(weights.canary))
                    let part = Double(canary * weights.canary)
                    let share = part / (part + Double(baseline * weights.baseline)) * 10_000
                    #expect(
                        abs(share - Double(points)) <= Double(coarsest), "\(baseline)+\(canary) at \(points): \(share)")
                }
            }
        }
        let tenPercent = PoolWeights(Split(canaryBasisPoints: 1_000), baselineServers: 1, canaryServers: 1)
        #expect(tenPercent.baseline == 252 && tenPercent.canary == 28)
        #expect(PoolWeights.granularityBasisPoints(baselineServers: 1, canaryServers: 1) == 39)
    }
}
