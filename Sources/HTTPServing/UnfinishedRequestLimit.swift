import HTTPTypes
import NIOCore
import NIOHTTPTypes

/// Closes a connection whose request was answered before all of it had arrived, as an answer 408 or 413 is. Hummingbird
/// would read the rest of such a body without limits of size and time and keep the connection's place for as long.
///
/// The connection is not closed at once: the sender could lose the answer if unread bytes made the system reset it
/// (RFC 9112, section 9.6).
final class UnfinishedRequestLimit: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    private let limit: TimeAmount
    private var isReceiving = false
    /// Requests whose head has arrived and whose answer is not written.
    private var unanswered = 0
    private var timer: Scheduled<Void>?

    /// - Parameter limit: from the end of the answer to the end of the request.
    init(limit: TimeAmount) { self.limit = limit }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head:
            isReceiving = true
            unanswered += 1
        case .body: break
        case .end:
            isReceiving = false
            stop()
        }
        context.fireChannelRead(data)
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        if case .end = unwrapOutboundIn(data) {
            unanswered -= 1
            if isReceiving, unanswered == 0 { start(context) }
        }
        context.write(data, promise: promise)
    }

    func handlerRemoved(context: ChannelHandlerContext) { stop() }

    private func start(_ context: ChannelHandlerContext) {
        let channel = context.channel
        timer = context.eventLoop.scheduleTask(in: limit) { channel.close(mode: .all, promise: nil) }
    }

    private func stop() {
        timer?.cancel()
        timer = nil
    }
}
