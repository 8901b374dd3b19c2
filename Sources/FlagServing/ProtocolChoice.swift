import NIOCore
import NIOHTTP1
import NIOHTTP2

/// Finds out by the first bytes of a connection whether it is HTTP/2 without TLS (RFC 9113, section 3.3) or HTTP/1.1, so that
/// both are served at one address, and then makes room for the handlers of that protocol.
final class ProtocolChoice: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer

    /// The beginning of the preface of HTTP/2; no method of HTTP/1.1 is `PRI`.
    private static let preface = Array("PRI ".utf8)
    /// For the first bytes.
    private static let waitLimit = TimeAmount.seconds(10)
    /// Without a request.
    private static let idleLimit = TimeAmount.minutes(5)

    private let makeHandler: @Sendable () -> FlagRequestHandler
    private var received = ByteBuffer()
    private var timer: Scheduled<Void>?
    private var isDone = false

    init(makeHandler: @escaping @Sendable () -> FlagRequestHandler) { self.makeHandler = makeHandler }

    func handlerAdded(context: ChannelHandlerContext) {
        let channel = context.channel
        timer = context.eventLoop.scheduleTask(in: Self.waitLimit) { channel.close(promise: nil) }
    }

    func handlerRemoved(context: ChannelHandlerContext) { timer?.cancel() }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !isDone else { return context.fireChannelRead(data) }
        var part = unwrapInboundIn(data)
        received.writeBuffer(&part)
        let beginning = Array(received.readableBytesView.prefix(Self.preface.count))
        guard beginning == Array(Self.preface.prefix(beginning.count)) else { return choose(isHTTP2: false, context) }
        if beginning.count == Self.preface.count { choose(isHTTP2: true, context) }
    }

    private func choose(isHTTP2: Bool, _ context: ChannelHandlerContext) {
        isDone = true
        do {
            let pipeline = context.pipeline.syncOperations
            if isHTTP2 { try addHTTP2(context.channel) } else { try addHTTP1(pipeline) }
        } catch { return context.close(promise: nil) }
        context.fireChannelRead(NIOAny(received))
        context.fireChannelReadComplete()
        context.pipeline.syncOperations.removeHandler(self, promise: nil)
    }

    private func addHTTP1(_ pipeline: ChannelPipeline.SynchronousOperations) throws {
        try pipeline.addHandler(IdleStateHandler(allTimeout: Self.idleLimit))
        try pipeline.configureHTTPServerPipeline(withPipeliningAssistance: true, withErrorHandling: true)
        try pipeline.addHandler(IdleClose())
        try pipeline.addHandler(makeHandler())
    }

    private func addHTTP2(_ channel: any Channel) throws {
        let makeHandler = makeHandler
        let streams = OpenStreams(channel: channel, idleLimit: Self.idleLimit)
        _ = try channel.pipeline.syncOperations.configureHTTP2Pipeline(
            mode: .server, connectionConfiguration: Self.connection, streamConfiguration: .init(),
            streamDelegate: streams
        ) { stream in
            stream.eventLoop.makeCompletedFuture {
                let handlers = stream.pipeline.syncOperations
                try handlers.addHandler(HTTP2FramePayloadToHTTP1ServerCodec())
                try handlers.addHandler(makeHandler())
            }
        }
        try channel.pipeline.syncOperations.addHandler(BrokenClose())
    }

    private static var connection: NIOHTTP2Handler.ConnectionConfiguration {
        var configuration = NIOHTTP2Handler.ConnectionConfiguration()
        configuration.initialSettings = [
            HTTP2Setting(parameter: .maxConcurrentStreams, value: 32),
            HTTP2Setting(parameter: .maxHeaderListSize, value: 16 << 10),
        ]
        return configuration
    }
}

/// Closes a connection on which nothing happens.
private final class IdleClose: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if event is IdleStateHandler.IdleStateEvent {
            context.close(promise: nil)
        } else {
            context.fireUserInboundEventTriggered(event)
        }
    }
}

/// Closes a connection of HTTP/2 that breaks the protocol.
private final class BrokenClose: ChannelInboundHandler {
    typealias InboundIn = HTTP2Frame

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}

/// Closes a connection of HTTP/2 that has had no stream for long. One with a stream may be silent for days.
private final class OpenStreams: NIOHTTP2StreamDelegate {
    private struct State {
        var count = 0
        var timer: Scheduled<Void>?
    }

    private let channel: any Channel
    private let idleLimit: TimeAmount
    private let state: NIOLoopBoundBox<State>

    init(channel: any Channel, idleLimit: TimeAmount) {
        (self.channel, self.idleLimit) = (channel, idleLimit)
        state = NIOLoopBoundBox(State(), eventLoop: channel.eventLoop)
        wait()
        channel.closeFuture.whenComplete { [state] _ in state.value.timer?.cancel() }
    }

    func streamCreated(_ id: HTTP2StreamID, channel stream: any Channel) {
        state.value.count += 1
        state.value.timer?.cancel()
    }

    func streamClosed(_ id: HTTP2StreamID, channel stream: any Channel) {
        state.value.count -= 1
        if state.value.count == 0 { wait() }
    }

    private func wait() {
        let channel = channel
        state.value.timer = channel.eventLoop.scheduleTask(in: idleLimit) { channel.close(promise: nil) }
    }
}
