import Foundation
import Model
import Ports
import RouterConformance
import Routers

extension BenchKind {
    /// A real Traefik over a file.
    static let realTraefik = BenchKind(
        name: "traefik file, real", isInstalled: RealProgram.path("traefik") != nil,
        cannotCheck: [
            .aLostInstanceDoesNotHoldUpTheOthers, .wrongCredentialsAreRejected, .aHangingInstanceEndsWithItsTime,
            .aLostAnswerIsUnknown, .refusalsAreReported, .rubbishIsNoShare, .aLieIsFoundOut,
            .aStaleReadIsReportedAsItIs,
            .aConflictIsWonOrReported, .neverNothingForBoth, .aDeadBaselineIsReported, .noSecretComesOut,
        ]
    ) { work in
        try await OneAtATime.shared.run {
            try await TemporaryFolder.with { folder in
                let traefik = try RealTraefik(folder)
                defer { traefik.program.stop() }
                try await traefik.program.start()
                try await traefik.awaitShare(1_000)
                try await work(try bench(traefik))
            }
        }
    }

    private static func bench(_ traefik: RealTraefik) throws -> RouterBench {
        func driver(_ service: String = "app", canary: String = "new") throws -> any RouterDriver {
            try makeDriver(
                .traefik(
                    TraefikPlan(
                        instances: [traefik.address], service: service,
                        services: PoolPair(baseline: "old", canary: canary), source: .file(path: traefik.file))),
                transport: RealHTTP.transport)
        }
        var bench = RouterBench(driver: try driver()) { _ in try await traefik.held() }
        bench.tamper = { _, points in try await traefik.set(points) }
        bench.restart = { _ in
            traefik.program.stop()
            try traefik.write(1_000)
            try await traefik.program.start()
            try await traefik.awaitShare(1_000)
        }
        bench.misnamed = [try driver("aap"), try driver(canary: "nwe")]
        return bench
    }
}

private struct RealTraefik: Sendable {
    let program: RealProgram
    let address: String
    let file: String

    init(_ folder: String) throws {
        let (port, entry) = (try FreePort.find(), try FreePort.find())
        address = "http://127.0.0.1:\(port)"
        file = folder + "/dynamic/app.yaml"
        try FileManager.default.createDirectory(atPath: folder + "/dynamic", withIntermediateDirectories: true)
        try TemporaryFolder.write(
            """
            entryPoints: {web: {address: "127.0.0.1:\(entry)"}, traefik: {address: "127.0.0.1:\(port)"}}
            api: {insecure: true, dashboard: false}
            global: {checkNewVersion: false, sendAnonymousUsage: false}
            providers: {providersThrottleDuration: 50ms, file: {directory: dynamic, watch: true}}

            """, to: folder + "/traefik.yaml")
        program = try RealProgram(
            "traefik", ["--configFile=traefik.yaml"], folder: folder, readyURL: address + "/api/overview")
        try write(1_000)
    }

    func write(_ basisPoints: Int) throws {
        let list = "[{name: old, weight: \(100 - basisPoints / 100)}, {name: new, weight: \(basisPoints / 100)}]"
        func server(_ name: String) -> String { "\(name): {loadBalancer: {servers: [{url: \"http://127.0.0.1:9\"}]}}" }
        try TemporaryFolder.write(
            """
            http:
              routers: {app: {rule: "PathPrefix(`/`)", service: app}}
              services:
                app: {weighted: {services: \(list)}}
                \(server("old"))
                \(server("new"))

            """, to: file)
    }

    /// Another place of the API than the one that the driver reads.
    func held() async throws -> Int {
        let all = try await RealHTTP.json("GET", address + "/api/rawdata")?["services"] as? [String: Any]
        let weighted = (all?["app@file"] as? [String: Any])?["weighted"] as? [String: Any]
        let list = weighted?["services"] as? [[String: Any]] ?? []
        let weights = list.map { ($0["weight"] as? NSNumber)?.intValue ?? -1 }
        guard weights.count == 2, weights[0] + weights[1] > 0 else { return -1 }
        return weights[1] * 10_000 / (weights[0] + weights[1])
    }

    func set(_ basisPoints: Int) async throws {
        try write(basisPoints)
        try await awaitShare(basisPoints)
    }

    func awaitShare(_ basisPoints: Int) async throws {
        for _ in 0..<400 {
            if try await held() == basisPoints { return }
            try await Task.sleep(for: .milliseconds(25))
        }
        throw RealProgram.NotReady(what: "Traefik does not take the file over")
    }
}
