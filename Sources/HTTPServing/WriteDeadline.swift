import NIOCore

/// Closes a connection whose peer does not take an answer: otherwise it would hold its place, and the answer's memory, for
/// as long as it likes.
final class WriteDeadline: ChannelOutboundHandler, RemovableChannelHandler {
    typealias OutboundIn = NIOAny
    typealias OutboundOut = NIOAny

    private let limit: TimeAmount
    private var waiting = 0
    private var timer: Scheduled<Void>?

    /// - Parameter limit: from the first write that is not taken at once until none is left.
    init(limit: TimeAmount) { self.limit = limit }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        let written = promise ?? context.eventLoop.makePromise(of: Void.self)
        waiting += 1
        if timer == nil {
            let channel = context.channel
            timer = context.eventLoop.scheduleTask(in: limit) { channel.close(mode: .all, promise: nil) }
        }
        let guarding = NIOLoopBound(self, eventLoop: context.eventLoop)
        written.futureResult.whenComplete { _ in guarding.value.wasTaken() }
        context.write(data, promise: written)
    }

    func handlerRemoved(context: ChannelHandlerContext) { stop() }

    private func wasTaken() {
        waiting -= 1
        if waiting == 0 { stop() }
    }

    private func stop() {
        timer?.cancel()
        timer = nil
    }
}
