import NIOCore
import NIOPosix

/// Users who keep asking: open-loop HTTP load over keep-alive connections, each request with `X-User-Id: user-<n>`.
/// Open-loop means that a slow target does not slow the users down: requests fall due by the clock.
package final class LoadGenerator: Sendable {
    private let loop: any EventLoop
    /// Everything that moves lives on one event loop.
    private let engine: NIOLoopBoundBox<LoadEngine>

    /// - Parameters:
    ///   - target: `host:port`.
    ///   - requestsPerSecond: 1...100 000; a number outside is taken as the nearest end.
    ///   - users: How many distinct users there are, at least 1.
    ///   - seed: Which user comes when.
    ///   - requestLimit: `run()` ends by itself when this many have been sent and answered; nil for no end.
    ///   - delayMs: Every request asks a demo service to be answered that much later, 0...60 000.
    package init(
        target: String, requestsPerSecond: Int, users: Int, seed: UInt64, requestLimit: Int? = nil, delayMs: Int = 0
    ) {
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        self.loop = loop
        engine = .makeBoxSendingValue(
            LoadEngine(
                target: target, requestsPerSecond: min(max(requestsPerSecond, 1), 100_000), users: max(users, 1),
                seed: seed, requestLimit: requestLimit.map { max($0, 0) }, delayMs: delayMs, loop: loop),
            eventLoop: loop)
    }

    /// Sends requests until `stop()`, and returns when the last answers are in. Cancelling the task stops it as well, and
    /// waits for the last answers no longer than half a second: whoever cancels wants to go.
    package func run() async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                loop.execute { self.engine.value.start { continuation.resume() } }
            }
        } onCancel: {
            loop.execute { self.engine.value.finish(within: .milliseconds(500)) {} }
        }
    }

    /// Sends nothing any more, and returns when the last answers are in, at most `limitMs` later. It cannot be run again.
    package func stop(withinMs limitMs: Int64 = 2_000) async {
        await withCheckedContinuation { continuation in
            loop.execute {
                self.engine.value.finish(within: .milliseconds(limitMs)) { continuation.resume() }
            }
        }
    }

    /// The counts so far.
    package func statistics() async -> LoadStatistics {
        await withCheckedContinuation { continuation in
            loop.execute { continuation.resume(returning: self.engine.value.statistics) }
        }
    }
}
