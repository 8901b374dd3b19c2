import NIOCore
import NIOHTTP1

/// One keep-alive connection of the load generator, with at most one request open.
final class LoadConnection: ChannelInboundHandler {
    typealias InboundIn = HTTPClientResponsePart
    typealias OutboundOut = HTTPClientRequestPart

    private let engine: LoadEngine
    private let host: String
    private let delayMs: Int
    private var context: ChannelHandlerContext?
    private var sentAt: NIODeadline?
    private var head: HTTPResponseHead?
    private var request: LoadRequest?
    private var isGivenUp = false

    init(engine: LoadEngine, host: String = "demo", delayMs: Int = 0) {
        self.engine = engine
        self.delayMs = delayMs
        self.host = host
    }

    func channelActive(context: ChannelHandlerContext) {
        self.context = context
        engine.opened(self)
    }

    func send(_ request: LoadRequest) {
        guard let context else { return }
        sentAt = .now()
        self.request = request
        var headers = HTTPHeaders([
            ("Host", host), ("X-User-Id", "user-\(request.user)"), ("X-Demo-Request", request.name),
        ])
        if delayMs > 0 { headers.add(name: "X-Demo-Delay-Ms", value: "\(delayMs)") }
        let head = HTTPRequestHead(version: .http1_1, method: .GET, uri: "/checkout", headers: headers)
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
    }

    func isLate(_ now: NIODeadline, limit: TimeAmount) -> Bool {
        guard let sentAt else { return false }
        return now - sentAt > limit
    }

    func close() {
        isGivenUp = true
        context?.close(promise: nil)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head): self.head = head
        case .body: break
        case .end:
            guard let head else { return }
            self.head = nil
            sentAt = nil
            request = nil
            // A router's own header takes precedence over the service's.
            let version =
                head.headers.first(name: "X-Rollguard-Version") ?? head.headers.first(name: "X-Demo-Version") ?? ""
            engine.answered(self, status: Int(head.status.code), version: version, isReusable: head.isKeepAlive)
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        self.context = nil
        let open = sentAt == nil ? nil : request
        let mayRepeat = head == nil && !isGivenUp
        sentAt = nil
        engine.closed(self, open: open, mayRepeat: mayRepeat)
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }
}
