import Foundation
import NIOCore
import NIOHTTP1
import Synchronization

/// A webhook receiver that records what it gets: an HTTP server on loopback which answers every POST, with 200 unless
/// configured otherwise.
package final class WebhookSink: Sendable {
    private let record = WebhookRecord()
    private let server = Mutex<LoopbackServer?>(nil)

    /// A sink that is not listening yet.
    package init() {}

    /// Listens, and returns `127.0.0.1:port`.
    package func start() async throws -> String {
        let record = record
        let started = try await LoopbackServer.start { pipeline in
            try pipeline.configureHTTPServerPipeline()
            try pipeline.addHandler(WebhookHandler(record: record))
        }
        server.withLock { $0 = started }
        return started.address
    }

    /// Closes the listener and all connections; what was received stays. May be called more than once.
    package func stop() async {
        let running = server.withLock { server in
            defer { server = nil }
            return server
        }
        await running?.stop()
    }

    /// Everything received so far, in order; at most 10 000, later ones are answered but not kept.
    package func received() async -> [DemoWebhook] { record.all() }

    /// The first one whose `rollguard-event` header is this.
    package func firstReceived(event: String) async -> DemoWebhook? {
        record.all().first { $0.headers["rollguard-event"] == event }
    }

    /// The next `times` POSTs get this status and these headers instead of 200. Replaces an earlier order.
    package func answer(status: Int, headers: [(String, String)] = [], times: Int) async {
        record.order(WebhookRecord.Answer(status: status, headers: headers), times: times)
    }
}

/// What came, and how the next ones are answered. Shared by the sink's connections.
final class WebhookRecord: Sendable {
    struct Answer: Sendable {
        var status = 200
        var headers: [(String, String)] = []
    }

    private struct State {
        var webhooks: [DemoWebhook] = []
        var ordered = Answer()
        var timesLeft = 0
    }

    private static let limit = 10_000
    private let state = Mutex(State())

    func all() -> [DemoWebhook] { state.withLock { $0.webhooks } }

    func order(_ answer: Answer, times: Int) {
        state.withLock { state in
            state.ordered = answer
            state.timesLeft = max(times, 0)
        }
    }

    /// Keeps a webhook and says how to answer it.
    func add(_ webhook: DemoWebhook) -> Answer {
        state.withLock { state in
            if state.webhooks.count < Self.limit { state.webhooks.append(webhook) }
            guard state.timesLeft > 0 else { return Answer() }
            state.timesLeft -= 1
            return state.ordered
        }
    }
}
