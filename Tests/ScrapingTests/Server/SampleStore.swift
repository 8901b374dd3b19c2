import Model
import Ports
import Synchronization
import Telemetry

/// A server that answers queries from expositions which it "scraped", as Prometheus does, and misbehaves on request.
final class SampleStore: HTTPTransport {
    struct State {
        var serverMs: Int64 = 1_700_000_000_000
        /// By time: the expositions of each instance.
        var scrapes: [(timeMs: Int64, instance: String, body: String)] = []
        var failure: HTTPResponse?
        var queries: [String] = []
    }

    let state = Mutex(State())

    func send(_ request: HTTPRequest) async throws(TransportError) -> HTTPResponse {
        let form = String(decoding: request.body ?? [], as: UTF8.self)
        return state.withLock { state in
            state.queries.append(form)
            if let failure = state.failure { return failure }
            let seconds = "\(state.serverMs / 1_000).\(String(1_000 + state.serverMs % 1_000).dropFirst())"
            guard form.contains("__name__") else {
                return Self.response("{\"resultType\":\"scalar\",\"result\":[\(seconds),\"\(seconds)\"]}")
            }
            let range = form.firstMatch(of: /%5B([0-9]+)s%5D/).flatMap { Int64($0.output.1) } ?? 0
            return Self.response(
                "{\"resultType\":\"matrix\",\"result\":[\(Self.series(state, rangeMs: range * 1_000))]}")
        }
    }

    func scrape(_ instance: String, _ body: String) {
        state.withLock { $0.scrapes.append(($0.serverMs, instance, body + "up 1\n")) }
    }

    func pass(ms: Int64) { state.withLock { $0.serverMs += ms } }

    private static func response(_ data: String) -> HTTPResponse {
        HTTPResponse(status: 200, headers: [], body: Array("{\"status\":\"success\",\"data\":\(data)}".utf8))
    }

    private static func series(_ state: State, rangeMs: Int64) -> String {
        var order: [String] = []
        var values: [String: [String]] = [:]
        for scrape in state.scrapes where scrape.timeMs > state.serverMs - rangeMs && scrape.timeMs <= state.serverMs {
            let samples = (try? Exposition.samples(in: Array(scrape.body.utf8), format: .prometheusText)) ?? []
            for sample in samples {
                let own = [("__name__", sample.name), ("instance", scrape.instance)]
                let labels = sample.labels.map { ($0.name, $0.value) }
                let job = labels.contains { $0.0 == "job" } ? [] : [("job", "shop")]
                let all = own + job + labels
                let metric = "{" + all.map { "\"\($0.0)\":\"\($0.1)\"" }.joined(separator: ",") + "}"
                if values[metric] == nil { order.append(metric) }
                let seconds = "\(scrape.timeMs / 1_000).\(String(1_000 + scrape.timeMs % 1_000).dropFirst())"
                values[metric, default: []].append("[\(seconds),\"\(sample.valueText)\"]")
            }
        }
        return order.map { "{\"metric\":\($0),\"values\":[\((values[$0] ?? []).joined(separator: ","))]}" }
            .joined(separator: ",")
    }
}

/// A clock that passes with the server's.
final class StoreClock: DaemonClock {
    private let store: SampleStore
    /// Of this machine, ahead of the server's.
    private let aheadMs: Int64

    init(_ store: SampleStore, aheadMs: Int64 = 0) { (self.store, self.aheadMs) = (store, aheadMs) }

    var now: Moment {
        let server = store.state.withLock(\.serverMs)
        return Moment(uptimeMs: server - 1_600_000_000_000, wallMs: server + aheadMs)
    }

    var uptimeNs: Int64 { now.uptimeMs * 1_000_000 }
    var taskExecutor: (any TaskExecutor)? { nil }

    func sleep(ns: Int64) async throws(CancellationError) {}
}
