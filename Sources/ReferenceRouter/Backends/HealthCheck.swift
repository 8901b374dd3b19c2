import NIOCore
import NIOPosix
import Synchronization

/// Opens and closes a connection to each server every 2 s.
final class HealthCheck: Sendable {
    private static let every = TimeAmount.seconds(2)
    private struct Round {
        var backends: [Backend]
        var timeout: TimeAmount
    }

    private let next: Mutex<Round>
    private let loop: any EventLoop
    private let repeating: NIOLoopBoundBox<RepeatedTask?>

    init(backends: [Backend], connectTimeoutMs: Int, loop: any EventLoop) {
        next = Mutex(Round(backends: backends, timeout: Self.timeout(connectTimeoutMs)))
        self.loop = loop
        repeating = .makeEmptyBox(valueType: RepeatedTask.self, eventLoop: loop)
    }

    /// Returns when each server has been tried once.
    func start() async {
        await round().completed()
        try? await loop.submit {
            self.repeating.value = self.loop.scheduleRepeatedAsyncTask(initialDelay: Self.every, delay: Self.every) {
                _ in
                self.round()
            }
        }.get()
    }

    /// A check must be over before the next one.
    private static func timeout(_ connectTimeoutMs: Int) -> TimeAmount {
        .milliseconds(Int64(min(connectTimeoutMs, 1_500)))
    }

    /// Checks these servers from now on. Returns when each has been tried once.
    func follow(_ backends: [Backend], connectTimeoutMs: Int) async {
        next.withLock { $0 = Round(backends: backends, timeout: Self.timeout(connectTimeoutMs)) }
        await round().completed()
    }

    func stop() {
        loop.execute {
            self.repeating.value?.cancel()
            self.repeating.value = nil
        }
    }

    private func round() -> EventLoopFuture<Void> {
        let round = next.withLock { $0 }
        return EventLoopFuture.andAllComplete(round.backends.map { check($0, within: round.timeout) }, on: loop)
    }

    private func check(_ backend: Backend, within timeout: TimeAmount) -> EventLoopFuture<Void> {
        ClientBootstrap(group: loop).connectTimeout(timeout).connect(host: backend.host, port: backend.port)
            .map { channel in
                backend.mark(up: true)
                channel.close(promise: nil)
            }
            .flatMapErrorThrowing { _ in backend.mark(up: false) }
    }
}

extension EventLoopFuture where Value == Void {
    /// Awaits a future that cannot fail.
    fileprivate func completed() async {
        await withCheckedContinuation { continuation in whenComplete { _ in continuation.resume() } }
    }
}
