import Foundation
import Model
import Ports
import RouterConformance
import Routers

extension BenchKind {
    /// A real etcd with users.
    static let realEtcd = BenchKind(
        name: "etcd, real", isInstalled: RealProgram.path("etcd") != nil,
        cannotCheck: [
            .aLostInstanceDoesNotHoldUpTheOthers, .aHangingInstanceEndsWithItsTime, .aLostAnswerIsUnknown,
            .refusalsAreReported, .rubbishIsNoShare, .aLieIsFoundOut, .aStaleReadIsReportedAsItIs,
            .aConflictIsWonOrReported,
            .neverNothingForBoth, .aDeadBaselineIsReported, .aRestartIsSeenAndPutRight,
        ]
    ) { work in
        try await OneAtATime.shared.run {
            try await TemporaryFolder.with { folder in
                let etcd = try RealEtcd(folder)
                defer { etcd.program.stop() }
                try await etcd.program.start()
                try await etcd.fill()
                try await work(try bench(etcd))
            }
        }
    }

    private static func bench(_ etcd: RealEtcd) throws -> RouterBench {
        let secrets = FakeSecrets(secrets: ["RIGHT": RealEtcd.password, "WRONG": "wrong-secret-badbad"])
        func driver(_ password: String = "RIGHT", key: String = RealEtcd.key) throws -> any RouterDriver {
            let access = EtcdAccess(
                endpoints: ["http://127.0.0.1:9", etcd.address],
                security: ClientSecurity(authorization: .basic(user: "root", password: .environment(password))))
            return try makeDriver(
                .etcd(EtcdPlan(access: access, key: key)), transport: RealHTTP.transport, secrets: secrets)
        }
        var bench = RouterBench(driver: try driver(), timeoutMs: 10_000) { _ in try await etcd.held() }
        bench.tamper = { _, points in try await etcd.put(String(points / 100)) }
        // It is always well: what has no secret in it then is checked.
        bench.setMood = { _, _ in }
        bench.misnamed = [try driver(key: "/spilt")]
        bench.unauthorized = [try driver("WRONG")]
        bench.secrets = secrets.secrets.values.sorted()
        return bench
    }
}

private struct RealEtcd: Sendable {
    static let key = "/split"
    static let password = "right-secret-c0ffee"
    let program: RealProgram
    let address: String

    init(_ folder: String) throws {
        let (port, peer) = (try FreePort.find(), try FreePort.find())
        address = "http://127.0.0.1:\(port)"
        let peers = "http://127.0.0.1:\(peer)"
        program = try RealProgram(
            "etcd",
            [
                "--data-dir", "data", "--listen-client-urls", address, "--advertise-client-urls", address,
                "--listen-peer-urls", peers, "--initial-advertise-peer-urls", peers,
                "--initial-cluster", "default=\(peers)", "--log-level", "error",
            ], folder: folder, readyURL: address + "/health")
    }

    /// The key at 10 %, a root user, and authentication on.
    func fill() async throws {
        _ = try await call("kv/put", "{\"key\":\"\(Self.base64(Self.key))\",\"value\":\"\(Self.base64("10"))\"}")
        _ = try await call("auth/user/add", "{\"name\":\"root\",\"password\":\"\(Self.password)\"}")
        _ = try await call("auth/role/add", "{\"name\":\"root\"}")
        _ = try await call("auth/user/grant", "{\"user\":\"root\",\"role\":\"root\"}")
        _ = try await call("auth/enable", "{}")
    }

    func put(_ value: String) async throws {
        let body = "{\"key\":\"\(Self.base64(Self.key))\",\"value\":\"\(Self.base64(value))\"}"
        _ = try await call("kv/put", body, token: try await token())
    }

    func held() async throws -> Int {
        let answer = try await call("kv/range", "{\"key\":\"\(Self.base64(Self.key))\"}", token: try await token())
        let value = (answer?["kvs"] as? [[String: Any]])?.first?["value"] as? String
        let text = value.flatMap { Data(base64Encoded: $0) }.map { String(decoding: $0, as: UTF8.self) }
        return (text.flatMap { Int($0) } ?? -1) * 100
    }

    private func token() async throws -> String? {
        try await call("auth/authenticate", "{\"name\":\"root\",\"password\":\"\(Self.password)\"}")?["token"]
            as? String
    }

    private func call(_ path: String, _ body: String, token: String? = nil) async throws -> [String: Any]? {
        try await RealHTTP.json("POST", "\(address)/v3/\(path)", body, token: token)
    }

    private static func base64(_ text: String) -> String { Data(text.utf8).base64EncodedString() }
}
