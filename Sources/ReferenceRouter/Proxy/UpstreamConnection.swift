import NIOCore
import NIOHTTP1

/// One connection to a server. Passes what it reads to the exchange that uses it; reads only when asked to.
final class UpstreamConnection: ChannelInboundHandler {
    typealias InboundIn = HTTPClientResponsePart
    typealias OutboundOut = HTTPClientRequestPart

    let backend: Backend
    private let pool: UpstreamPool
    private var context: ChannelHandlerContext?
    private var exchange: Exchange?
    private var isIdle = false
    /// The exchange is over; the connection goes back to the pool when what was read with its end has been parsed,
    /// because bytes after the end must not become the next request's answer.
    private var returnsToPool = false
    private var idleTimer: Scheduled<Void>?
    /// Whether a request had been answered on it before.
    private(set) var wasUsed = false

    init(backend: Backend, pool: UpstreamPool) {
        self.backend = backend
        self.pool = pool
    }

    // MARK: used by the pool

    func becomeIdle() {
        isIdle = true
        wasUsed = true
        guard let context else { return }
        let bound = NIOLoopBound(self, eventLoop: context.eventLoop)
        idleTimer = context.eventLoop.scheduleTask(in: ProxyLimits.upstreamIdle) { bound.value.close() }
        // An idle connection has nothing to say: whatever comes now closes it.
        context.read()
    }

    /// False when it has been closed meanwhile.
    func leaveIdle() -> Bool {
        isIdle = false
        idleTimer?.cancel()
        idleTimer = nil
        return context?.channel.isActive == true
    }

    // MARK: used by the exchange

    func begin(_ exchange: Exchange) { self.exchange = exchange }

    var isWritable: Bool { context?.channel.isWritable ?? false }

    func write(_ part: HTTPClientRequestPart) { context?.write(wrapOutboundOut(part), promise: nil) }

    func flush() { context?.flush() }

    func read() { context?.read() }

    /// The exchange is over. Nothing of this connection reaches it any more.
    func end(isReusable: Bool) {
        exchange = nil
        if isReusable { returnsToPool = true } else { close() }
    }

    func close() {
        exchange = nil
        context?.close(promise: nil)
    }

    // MARK: channel events

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard let exchange else { return close() }
        switch unwrapInboundIn(data) {
        case .head(let head): exchange.responseHead(head)
        case .body(let bytes): exchange.responseBody(bytes)
        case .end(let trailers): exchange.responseEnd(trailers)
        }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        if returnsToPool {
            returnsToPool = false
            if context.channel.isActive { pool.put(self) }
        } else {
            exchange?.upstreamReadComplete()
        }
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if context.channel.isWritable { exchange?.upstreamBecameWritable() }
    }

    func channelInactive(context: ChannelHandlerContext) {
        lost()
        self.context = nil
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        lost()
        context.close(promise: nil)
    }

    private func lost() {
        idleTimer?.cancel()
        idleTimer = nil
        returnsToPool = false
        if isIdle { pool.forget(self) }
        let exchange = exchange
        self.exchange = nil
        exchange?.upstreamLost()
    }
}
