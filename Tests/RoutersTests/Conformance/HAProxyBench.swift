import Foundation
import Model
import Ports
import RouterConformance
import Routers

/// Real HAProxies: what can be brought about without a fake.
extension BenchKind {
    static let haproxyWeights = haproxy("haproxy weights, real", isSticky: false)
    static let haproxySticky = haproxy("haproxy weights, sticky, real", isSticky: true)

    private static let cannot: Set<RouterFact> = [
        .aHangingInstanceEndsWithItsTime, .aLostAnswerIsUnknown, .refusalsAreReported, .rubbishIsNoShare,
        .aLieIsFoundOut,
        .aStaleReadIsReportedAsItIs, .aConflictIsWonOrReported, .neverNothingForBoth, .aRestartIsSeenAndPutRight,
        .noSecretComesOut,
    ]

    private static func haproxy(_ name: String, isSticky: Bool) -> BenchKind {
        let servers = [
            HAProxyProcess.Server(name: "old1", weight: 90), HAProxyProcess.Server(name: "old2", weight: 90),
            HAProxyProcess.Server(name: "new1", weight: 20),
        ]
        return BenchKind(name: name, isInstalled: HAProxyProcess.isInstalled, cannotCheck: cannot) { work in
            try await pair(servers) { first, second in
                let both = [first, second]
                func driver(
                    _ name: String = "admin", backend: String = "be",
                    canary: String = "new1"
                ) throws -> any RouterDriver {
                    let mode = HAProxyPlan.Mode.weights(
                        backend: backend, baseline: ["old1", "old2"], canary: [canary], sticky: isSticky)
                    return try makeDriver(
                        .haproxy(HAProxyPlan(sockets: both.map { "\($0.folder)/\(name).sock" }, mode: mode)))
                }
                var bench = RouterBench(driver: try driver(), shares: [0, 2_000, 5_000, 0]) {
                    try await held(both[$0])
                }
                bench.tamper = { instance, points in
                    let state = points > 0 ? "ready" : isSticky ? "maint" : "ready"
                    try await both[instance].ask("set server be/new1 state \(state)")
                    try await both[instance].ask(
                        "set server be/new1 weight \(points == 2_000 ? 50 : points == 0 ? 0 : 200)")
                    for old in ["old1", "old2"] { try await both[instance].ask("set server be/\(old) weight 100") }
                }
                bench.setMood = { try await set($1, on: both[$0]) }
                bench.moods = [.refused, .baselineDown]
                bench.misnamed = [try driver(backend: "elsewhere"), try driver(canary: "new9")]
                bench.unauthorized = [try driver("operator"), try driver("user")]
                try await work(bench)
            }
        }
    }

    static let haproxyMap = BenchKind(
        name: "haproxy map, real", isInstalled: HAProxyProcess.isInstalled,
        cannotCheck: cannot.union([.aDeadBaselineIsReported, .wrongCredentialsAreRejected])
    ) { work in
        try await pair([HAProxyProcess.Server(name: "old1"), HAProxyProcess.Server(name: "new1")]) { first, second in
            let both = [first, second]
            func driver(
                _ name: String = "admin", key: String = "app"
            ) throws -> any RouterDriver {
                PairOfMaps(
                    parts: try both.map {
                        try makeDriver(
                            .haproxy(
                                HAProxyPlan(
                                    sockets: ["\($0.folder)/\(name).sock"], mode: .map(file: $0.mapFile, key: key))))
                    })
            }
            var bench = RouterBench(driver: try driver()) {
                let answer = try await both[$0].ask("get map \(both[$0].mapFile) app")
                return (answer.firstMatch(of: /value="(\d+)"/).flatMap { Int($0.1) } ?? -1) * 100
            }
            bench.tamper = { try await both[$0].ask("set map \(both[$0].mapFile) app \($1 / 100)") }
            bench.setMood = { try await set($1, on: both[$0]) }
            bench.moods = [.refused]
            bench.misnamed = [try driver(key: "absent")]
            // HAProxy lets every level change a map, so there is no client without the right.
            try await work(bench)
        }
    }

    private static func pair(
        _ servers: [HAProxyProcess.Server],
        _ work: @Sendable (HAProxyProcess, HAProxyProcess) async throws -> Void
    ) async throws {
        try await HAProxyProcess.run(servers: servers) { first in
            try await HAProxyProcess.run(servers: servers) { second in try await work(first, second) }
        }
    }

    /// Of the weights that count.
    private static func held(_ haproxy: HAProxyProcess) async throws -> Int {
        var weights: [Int] = []
        for server in ["new1", "old1", "old2"] {
            let text = try await haproxy.ask("get weight be/\(server)")
            weights.append(text.split(separator: " ").first.flatMap { Int($0) } ?? -1)
        }
        let sum = weights.reduce(0, +)
        return sum > 0 ? Int((Double(weights[0]) / Double(sum) * 10_000).rounded()) : -1
    }

    /// A socket that is moved away refuses; the operator takes the baseline out.
    private static func set(_ mood: RouterMood, on haproxy: HAProxyProcess) async throws {
        let away = haproxy.adminSocket + ".away"
        if FileManager.default.fileExists(atPath: away) {
            try FileManager.default.moveItem(atPath: away, toPath: haproxy.adminSocket)
        }
        switch mood {
        case .refused: try FileManager.default.moveItem(atPath: haproxy.adminSocket, toPath: away)
        case .baselineDown:
            for old in ["old1", "old2"] { try await haproxy.ask("set server be/\(old) state maint") }
        default:
            for old in ["old1", "old2"] { try await haproxy.ask("set server be/\(old) state ready") }
        }
    }
}

/// Two drivers of one instance each, spoken to as one of two: the real processes keep their maps in folders of their own.
private struct PairOfMaps: RouterDriver {
    let parts: [any RouterDriver]
    var capabilities: RouterCapabilities { parts[0].capabilities }
    var instances: [String] { parts.flatMap(\.instances) }

    func observe(timeoutMs: Int64) async -> [RouterObservation] {
        var all: [RouterObservation] = []
        for part in parts { all += await part.observe(timeoutMs: timeoutMs) }
        return all
    }

    func plan(_ split: Split) -> [PlannedCall] { parts.flatMap { $0.plan(split) } }

    func apply(_ split: Split, timeoutMs: Int64) async -> [RouterReceipt] {
        var all: [RouterReceipt] = []
        for part in parts { all += await part.apply(split, timeoutMs: timeoutMs) }
        return all
    }
}
