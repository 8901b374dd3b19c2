import NIOCore
import NIOHTTP1

/// One client's connection: takes its requests one after the other and opens an exchange for each.
final class ClientConnection: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    let shared: ProxyShared
    /// Of the request that is answered, or was answered last.
    private(set) var settings: ProxySettings
    let deadline: Deadline
    private let pool: UpstreamPool
    private var context: ChannelHandlerContext?
    private var exchange: Exchange?
    private var address: NetworkAddress?
    private(set) var peer = HeaderRules.Peer(address: "unknown", isTrusted: false)
    /// The last answer has been written; what still comes is thrown away until the client closes.
    private var isClosing = false
    private var thrownAwayBytes = 0
    /// The router is stopping: this request is the connection's last.
    private(set) var isQuiescing = false

    init(shared: ProxyShared, pool: UpstreamPool, loop: any EventLoop) {
        self.shared = shared
        settings = shared.settings
        self.pool = pool
        deadline = Deadline(loop: loop)
    }

    // MARK: life

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        deadline.whenExpired { [unowned self] in expired() }
    }

    func channelActive(context: ChannelHandlerContext) {
        let text = context.remoteAddress?.ipAddress ?? ""
        address = NetworkAddress(text)
        peer = HeaderRules.Peer(
            address: text.isEmpty ? "unknown" : text, isTrusted: settings.clientAddress.isTrusted(address))
        deadline.set(in: settings.idleTimeout)
        context.fireChannelActive()
        context.read()
    }

    /// A request begins with what is in force then.
    private func takeSettings() {
        let current = shared.settings
        guard current !== settings else { return }
        settings = current
        peer = HeaderRules.Peer(address: peer.address, isTrusted: current.clientAddress.isTrusted(address))
    }

    func channelInactive(context: ChannelHandlerContext) {
        deadline.end()
        exchange?.clientGone()
        exchange = nil
        self.context = nil
        context.fireChannelInactive()
    }

    private func expired() {
        if let exchange, !isClosing { exchange.deadlinePassed() } else { context?.close(promise: nil) }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if event is ChannelShouldQuiesceEvent { isQuiescing = true }
        context.fireUserInboundEventTriggered(event)
    }

    // MARK: reading

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let part = unwrapInboundIn(data)
        if isClosing { return throwAway(part) }
        switch part {
        case .head(let head): begin(head)
        case .body(let bytes): exchange?.requestBody(bytes)
        case .end(let trailers): exchange?.requestEnd(trailers)
        }
    }

    private func begin(_ head: HTTPRequestHead) {
        takeSettings()
        if let refusal = RequestRules.refusal(of: head) {
            shared.metrics.refused(code: Int(refusal.status.code))
            return answer(refusal.status, refusal.reason, version: nil, keepAlive: false, isHead: head.method == .HEAD)
        }
        let client =
            peer.isTrusted
            ? settings.clientAddress.find(peer: address, forwardedFor: head.headers["x-forwarded-for"]) : address
        let version = settings.splitter.version(
            headers: head.headers, client: client, canaryBasisPoints: shared.split.canaryBasisPoints,
            forced: shared.split.forced)
        let exchange = Exchange(head, version: version, client: self, pool: pool)
        self.exchange = exchange
        exchange.begin()
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        exchange?.clientReadComplete()
        readIfWanted()
    }

    /// Reads when a request may come or more of one is wanted. While an answer is on its way nothing is read: that is
    /// what slows down a client that sends faster than the server takes.
    func readIfWanted() {
        if isClosing || exchange == nil || exchange?.wantsRequestBytes == true { context?.read() }
    }

    private func throwAway(_ part: HTTPServerRequestPart) {
        guard case .body(let bytes) = part else { return }
        thrownAwayBytes += bytes.readableBytes
        if thrownAwayBytes > ProxyLimits.lingeringBytes { context?.close(promise: nil) }
    }

    // MARK: writing

    var isWritable: Bool { context?.channel.isWritable ?? false }

    func write(_ part: HTTPServerResponsePart) { context?.write(wrapOutboundOut(part), promise: nil) }

    func flush() { context?.flush() }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if context.channel.isWritable { exchange?.clientBecameWritable() }
    }

    /// Ends the answer. The exchange is let go of first: the end releases a pipelined request, whose head arrives here
    /// before this function returns.
    func endResponse(trailers: HTTPHeaders?, keepAlive: Bool) {
        exchange = nil
        if keepAlive {
            deadline.set(in: settings.idleTimeout)
            context?.writeAndFlush(wrapOutboundOut(.end(trailers)), promise: nil)
            readIfWanted()
        } else {
            closeAfter(trailers)
        }
    }

    /// An answer of the router's own. `version` nil: no version was chosen.
    func answer(
        _ status: HTTPResponseStatus, _ reason: String, version: String?, keepAlive: Bool, isHead: Bool = false
    ) {
        let isHead = isHead || exchange?.request.method == .HEAD
        let text = "\(status.code): \(reason)\n"
        var headers = HTTPHeaders([
            ("Content-Type", "text/plain; charset=utf-8"), ("Content-Length", String(text.utf8.count)),
        ])
        if let version { headers.add(name: "X-Rollguard-Version", value: version) }
        if !keepAlive { headers.add(name: "Connection", value: "close") }
        write(.head(HTTPResponseHead(version: .http1_1, status: status, headers: headers)))
        if !isHead { write(.body(.byteBuffer(ByteBuffer(string: text)))) }
        endResponse(trailers: nil, keepAlive: keepAlive)
    }

    private func closeAfter(_ trailers: HTTPHeaders?) {
        guard let context else { return }
        isClosing = true
        deadline.set(in: ProxyLimits.lingering)
        context.writeAndFlush(wrapOutboundOut(.end(trailers)), promise: nil)
        context.close(mode: .output, promise: nil)
        context.read()
    }

    /// Closes at once, in mid-answer.
    func abort() {
        isClosing = true
        exchange = nil
        context?.close(promise: nil)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard error is HTTPParserError, !isClosing else { return context.close(promise: nil) }
        let isTooLarge = (error as? HTTPParserError) == .headerOverflow
        let status: HTTPResponseStatus = isTooLarge ? .requestHeaderFieldsTooLarge : .badRequest
        let reason = isTooLarge ? "the headers are too large" : "this is not a valid HTTP/1.1 request"
        if let exchange {
            exchange.refuse(status, reason)
        } else {
            shared.metrics.refused(code: Int(status.code))
            answer(status, reason, version: nil, keepAlive: false)
        }
    }
}
