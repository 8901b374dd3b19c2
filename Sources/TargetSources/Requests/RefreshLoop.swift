import Discovery
import Ports
import SourceCalls

/// Asks a source at once and then regularly; after a failure sooner: after 1, 2, 4, … seconds, until it answers again.
struct RefreshLoop {
    static let firstRetryMs: Int64 = 1_000

    let refreshMs: Int64
    let clock: any DaemonClock

    /// Returns when the task is cancelled.
    func run(
        _ report: @escaping @Sendable (SourceAnswer) async -> Void, _ ask: () async throws(SourceError) -> [TargetGroup]
    ) async {
        var retryMs = RefreshLoop.firstRetryMs
        while !Task.isCancelled {
            let answer = await RefreshLoop.answer(ask)
            if Task.isCancelled { return }
            await report(answer)
            var pauseMs = refreshMs
            if case .failed = answer {
                pauseMs = min(retryMs, refreshMs)
                retryMs = min(retryMs * 2, refreshMs)
            } else {
                retryMs = RefreshLoop.firstRetryMs
            }
            do throws(CancellationError) { try await clock.sleep(ms: pauseMs) } catch { return }
        }
    }

    /// A list that is within the bounds, or the reason why there is none.
    static func answer(_ ask: () async throws(SourceError) -> [TargetGroup]) async -> SourceAnswer {
        do throws(SourceError) {
            let groups = try await ask()
            return SourceLimits.reasonToRefuse(groups).map { .failed(reason: $0) } ?? .list(groups)
        } catch { return .failed(reason: error.reason) }
    }
}
