import NIOCore
import NIOHTTP1
import NIOPosix

/// One connection to the admin listener.
final class AdminConnection: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private static let bodyLimitBytes = 65_536
    private static let idleLimit = TimeAmount.seconds(60)
    private let api: AdminAPI
    private let deadline: Deadline
    private var head: HTTPRequestHead?
    private var body: [UInt8] = []
    private var isClosing = false

    init(api: AdminAPI, loop: any EventLoop) {
        self.api = api
        deadline = Deadline(loop: loop)
    }

    func channelActive(context: ChannelHandlerContext) {
        let channel = context.channel
        deadline.whenExpired { channel.close(promise: nil) }
        deadline.set(in: Self.idleLimit)
        context.fireChannelActive()
    }

    func channelInactive(context: ChannelHandlerContext) {
        deadline.end()
        context.fireChannelInactive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !isClosing else { return }
        switch unwrapInboundIn(data) {
        case .head(let head):
            self.head = head
            body = []
        case .body(let part):
            guard body.count + part.readableBytes <= Self.bodyLimitBytes else {
                let refusal = AdminResponse.error(.payloadTooLarge, "a body may have \(Self.bodyLimitBytes) bytes")
                return write(refusal, isHead: false, keepAlive: false, context: context)
            }
            body.append(contentsOf: part.readableBytesView)
        case .end:
            guard let head else { return }
            self.head = nil
            answer(head, context: context)
        }
    }

    private func answer(_ head: HTTPRequestHead, context: ChannelHandlerContext) {
        deadline.clear()
        if RequestRules.refusal(of: head) != nil {
            let refusal = AdminResponse.error(.badRequest, "this is not a request for the admin API")
            return write(refusal, isHead: head.method == .HEAD, keepAlive: false, context: context)
        }
        let path = String(head.uri.prefix { $0 != "?" && $0 != "#" })
        let request = AdminRequest(method: head.method, path: path, headers: head.headers, body: body)
        body = []
        let api = api
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        // Reading the token and saving the split wait for the disk, which an event loop must not.
        NIOThreadPool.singleton.runIfActive(eventLoop: context.eventLoop) { api.answer(request) }
            .whenComplete { result in
                let (handler, context) = bound.value
                let unavailable = AdminResponse.error(.serviceUnavailable, "the router is stopping")
                handler.write(
                    (try? result.get()) ?? unavailable, isHead: head.method == .HEAD, keepAlive: head.isKeepAlive,
                    context: context)
            }
    }

    private func write(_ response: AdminResponse, isHead: Bool, keepAlive: Bool, context: ChannelHandlerContext) {
        guard context.channel.isActive else { return }
        deadline.set(in: keepAlive ? Self.idleLimit : ProxyLimits.lingering)
        var headers = HTTPHeaders(response.headers.sorted { $0.key < $1.key })
        headers.add(name: "Content-Length", value: String(response.body.utf8.count))
        if !keepAlive { headers.add(name: "Connection", value: "close") }
        let head = HTTPResponseHead(version: .http1_1, status: response.status, headers: headers)
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        if !isHead {
            context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(string: response.body)))), promise: nil)
        }
        if !keepAlive { isClosing = true }
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        if !keepAlive { context.close(mode: .output, promise: nil) }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard error is HTTPParserError, !isClosing else { return context.close(promise: nil) }
        let refusal = AdminResponse.error(.badRequest, "this is not a valid HTTP/1.1 request")
        write(refusal, isHead: false, keepAlive: false, context: context)
    }
}
