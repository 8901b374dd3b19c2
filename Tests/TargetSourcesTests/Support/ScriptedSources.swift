import Discovery
import Model
import Ports
import Synchronization
import SystemSupport

@testable import TargetSources

/// A transport that records what it is asked to send and answers by a script.
final class ScriptedTransport: HTTPTransport {
    typealias Answer = Result<HTTPResponse, TransportError>

    private let recorded = Mutex<[HTTPRequest]>([])
    private let script: @Sendable (HTTPRequest, Int) -> Answer

    /// - Parameter script: the request and how many came before it.
    init(_ script: @escaping @Sendable (HTTPRequest, Int) -> Answer) { self.script = script }

    var requests: [HTTPRequest] { recorded.withLock { $0 } }

    func send(_ request: HTTPRequest) async throws(TransportError) -> HTTPResponse {
        let count = recorded.withLock { requests in
            requests.append(request)
            return requests.count - 1
        }
        return try script(request, count).get()
    }
}

extension Result where Success == HTTPResponse, Failure == TransportError {
    static func reply(_ body: String, status: Int = 200, headers: [TextPair] = []) -> Self {
        .success(HTTPResponse(status: status, headers: headers, body: Array(body.utf8)))
    }

    static var unreachable: Self { .failure(.connectFailed(address: "127.0.0.1:1", reason: "refused")) }
}

/// A clock on which every wait is over at once, and which knows how long each was.
final class ImpatientClock: DaemonClock {
    private struct State {
        var uptimeMs: Int64 = 1_000
        var sleeps: [Int64] = []
    }

    private let state = Mutex(State())

    var now: Moment { state.withLock { Moment(uptimeMs: $0.uptimeMs, wallMs: $0.uptimeMs) } }
    var uptimeNs: Int64 { now.uptimeMs * 1_000_000 }
    var taskExecutor: (any TaskExecutor)? { nil }
    /// Milliseconds, in their order.
    var sleeps: [Int64] { state.withLock { $0.sleeps } }

    func sleep(ns: Int64) async throws(CancellationError) {
        await Task.yield()
        if Task.isCancelled { throw CancellationError() }
        let ms = max(0, ns / 1_000_000)
        state.withLock { state in
            state.uptimeMs += ms
            if state.sleeps.count < 1_000 { state.sleeps.append(ms) }
        }
    }
}

/// Secrets by the name of their variable.
struct FixedSecrets: SecretStore {
    var secrets: [String: String] = [:]

    func secret(_ reference: SecretReference) throws(SecretError) -> String {
        guard case .environment(let name) = reference, let secret = secrets[name] else {
            throw .unsetVariable(name: "TEST")
        }
        return secret
    }
}

enum Sources {
    static func setup(
        _ transport: any HTTPTransport, clock: any DaemonClock = ImpatientClock(), secrets: [String: String] = [:]
    ) -> SourceSetup {
        SourceSetup(
            transport: transport, secrets: FixedSecrets(secrets: secrets), clock: clock, files: DiskTargetFiles())
    }

    /// The first answers of a source.
    static func answers(_ source: any TargetSource, _ count: Int) async -> [SourceAnswer] {
        let (stream, queue) = AsyncStream.makeStream(of: SourceAnswer.self)
        let task = Task {
            await source.run { _ = queue.yield($0) }
            queue.finish()
        }
        var answers: [SourceAnswer] = []
        for await answer in stream {
            answers.append(answer)
            if answers.count == count { break }
        }
        task.cancel()
        await task.value
        return answers
    }
}

extension SourceAnswer {
    /// The targets' labels with those of their groups; nil for a failure.
    var labels: [LabelSet]? {
        guard case .list(let groups) = self else { return nil }
        return groups.flatMap { group in group.targets.map { $0.labels.over(group.labels) } }
    }

    var addresses: [String]? { labels?.map { $0["__address__"] } }

    var reason: String? { if case .failed(let reason) = self { reason } else { nil } }
}
