import Foundation
import Model
import Ports
import RouterConformance
import Routers

extension BenchKind {
    /// A file, and a Traefik that has loaded it when it is asked.
    static let traefikFile = BenchKind(
        name: "traefik file, scripted",
        // The API is only read, and one file is one split: what is refused, lost or contested is the disk's.
        cannotCheck: [
            .aLostInstanceDoesNotHoldUpTheOthers, .aLostAnswerIsUnknown, .refusalsAreReported, .aLieIsFoundOut,
            .aConflictIsWonOrReported, .noSecretComesOut, .wrongCredentialsAreRejected,
        ]
    ) { work in
        try await TemporaryFolder.with { folder in
            let path = folder + "/app.yaml"
            let fake = FakeRouter(addresses: ["http://127.0.0.1:7001"], model: TraefikModel.model(path))
            let shipped = TraefikModel(path: path)
            shipped.write(10)
            func driver(_ service: String, canary: String = "new") throws -> any RouterDriver {
                try makeDriver(
                    .traefik(
                        TraefikPlan(
                            instances: fake.addresses, service: service,
                            services: PoolPair(baseline: "old", canary: canary), source: .file(path: path))),
                    transport: fake)
            }
            var bench = RouterBench(driver: try driver("app"), fake: fake)
            bench.moods = [.refused, .hangs, .rubbish, .stale, .baselineDown]
            bench.restart = { _ in shipped.write(10) }
            bench.misnamed = [try driver("aap"), try driver("app", canary: "nwe")]
            try await work(bench)
        }
    }
}

private struct TraefikModel: Sendable {
    let path: String
    var isBaselineHealthy = true

    static func model(_ path: String) -> FakeRouter<TraefikModel>.Model {
        var model = FakeRouter<TraefikModel>.Model(
            shipped: TraefikModel(path: path), weights: { $0.weights }, setShare: { $0.write($1 / 100) },
            answer: { $2.answer($1) })
        model.setBaselineHealth = { $0.isBaselineHealthy = $1 }
        return model
    }

    func write(_ percent: Int) {
        let list = "[{name: old, weight: \(100 - percent)}, {name: new, weight: \(percent)}]"
        let text = "http: {services: {app: {weighted: {services: \(list)}}}}\n"
        try? text.write(toFile: path, atomically: true, encoding: .utf8)
    }

    private var weights: (baseline: Int, canary: Int) {
        let text = (try? String(contentsOfFile: path, encoding: .utf8)) ?? ""
        let numbers = text.split { !$0.isNumber }.compactMap { Int($0) }
        return numbers.count == 2 ? (numbers[0], numbers[1]) : (90, 10)
    }

    private func answer(_ path: String) -> HTTPResponse {
        switch path {
        case "/api/http/services/app@file":
            let held = weights
            return .text(
                200,
                #"{"weighted":{"services":[{"name":"old","weight":\#(held.baseline)},{"name":"new","weight":\#(held.canary)}]},"#
                    + #""status":"enabled","name":"app@file"}"#)
        case "/api/http/services/old@file":
            return .text(
                200, #"{"status":"enabled","serverStatus":{"http://a":"\#(isBaselineHealthy ? "UP" : "DOWN")"}}"#)
        default: return .text(404, #"{"message":"service not found"}"#)
        }
    }
}
