import NIOCore
import NIOPosix

/// Opens and closes a connection to each server every 2 s.
final class HealthCheck: Sendable {
    private static let every = TimeAmount.seconds(2)
    private let backends: [Backend]
    private let timeout: TimeAmount
    private let loop: any EventLoop
    private let repeating: NIOLoopBoundBox<RepeatedTask?>

    init(backends: [Backend], connectTimeoutMs: Int, loop: any EventLoop) {
        self.backends = backends
        // A check must be over before the next one.
        timeout = .milliseconds(Int64(min(connectTimeoutMs, 1_500)))
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

    func stop() {
        loop.execute {
            self.repeating.value?.cancel()
            self.repeating.value = nil
        }
    }

    private func round() -> EventLoopFuture<Void> {
        EventLoopFuture.andAllComplete(backends.map { check($0) }, on: loop)
    }

    private func check(_ backend: Backend) -> EventLoopFuture<Void> {
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
