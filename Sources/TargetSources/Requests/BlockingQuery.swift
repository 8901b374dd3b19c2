import Discovery
import Ports
import SourceCalls

/// Consul's and Nomad's blocking queries: the server holds a request until something has changed after the index that
/// it answered last, or until the time that the request names is over.
///
/// An index says only when to ask, never that nothing has changed: it may return without a change, and it goes back
/// when the servers' state was restored. So every answer is reported as it is.
///
/// Source: Consul's documentation, "Blocking Queries".
struct BlockingQuery {
    struct Answer {
        var groups: [TargetGroup]
        /// The header that holds the index; nil where it is missing.
        var index: String?
    }

    /// Between two rounds: an index that changes all the time must not keep the server busy.
    static let leastRoundMs: Int64 = 1_000
    static let retryLimitMs: Int64 = 15_000

    let waitMs: Int64
    let clock: any DaemonClock

    /// Returns when the task is cancelled.
    ///
    /// - Parameter ask: with the index to wait for; nil asks for an answer at once.
    func run(
        _ report: @escaping @Sendable (SourceAnswer) async -> Void,
        _ ask: (UInt64?) async throws(SourceError) -> Answer
    ) async {
        var index: UInt64?
        var retryMs = RefreshLoop.firstRetryMs
        while !Task.isCancelled {
            let startMs = clock.now.uptimeMs
            let asked = index
            let answer = await RefreshLoop.answer { () throws(SourceError) in
                let answer = try await ask(asked)
                index = BlockingQuery.next(after: asked, header: answer.index)
                return answer.groups
            }
            if Task.isCancelled { return }
            await report(answer)
            var pauseMs = max(0, startMs + BlockingQuery.leastRoundMs - clock.now.uptimeMs)
            if case .failed = answer {
                index = nil
                pauseMs = retryMs
                retryMs = min(retryMs * 2, BlockingQuery.retryLimitMs)
            } else {
                retryMs = RefreshLoop.firstRetryMs
            }
            // Without an index the server would answer at once, again and again.
            if case .list = answer, index == nil, asked == nil { pauseMs = max(pauseMs, waitMs) }
            do throws(CancellationError) { try await clock.sleep(ms: pauseMs) } catch { return }
        }
    }

    /// Nil when the index went back, or is missing: then the next request does not wait.
    static func next(after last: UInt64?, header: String?) -> UInt64? {
        guard let header, let index = UInt64(header) else { return nil }
        if let last, index < last { return nil }
        return max(1, index)
    }

    /// The server adds up to a sixteenth to the wait, so that not all clients return at once.
    static func timeoutMs(waitMs: Int64) -> Int64 { waitMs + waitMs / 16 + SourceServer.timeoutMs }
}
