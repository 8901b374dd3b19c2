import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization

/// A small HTTP/1.1 server for routers that poll. Bounded in connections, bodies and idle time; it changes nothing for
/// anybody.
enum PullServer {
    private static let connectionLimit = 512
    static let bodyLimitBytes = 1 << 20
    private static let idleLimit = TimeAmount.minutes(5)

    static func open(host: String, port: Int, pages: PullPages) -> EventLoopFuture<any Channel> {
        let count = ConnectionCount(limit: connectionLimit)
        return ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.backlog, value: 128)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    guard count.enter() else { throw ChannelError.operationUnsupported }
                    channel.closeFuture.whenComplete { _ in count.leave() }
                    let pipeline = channel.pipeline.syncOperations
                    try pipeline.addHandler(IdleStateHandler(allTimeout: idleLimit))
                    try pipeline.configureHTTPServerPipeline(withPipeliningAssistance: true, withErrorHandling: true)
                    try pipeline.addHandler(PullConnection(pages: pages))
                }
            }
            .childChannelOption(.socketOption(.tcp_nodelay), value: 1)
            .bind(host: host, port: port)
    }
}

/// Collects one request at a time and writes its answer. Everything happens on the connection's loop; only the page's
/// answer is made on a thread that may wait for the disk.
private final class PullConnection: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private let pages: PullPages
    private var head: HTTPRequestHead?
    private var body: [UInt8] = []

    init(pages: PullPages) { self.pages = pages }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            self.head = head
            body = []
        case .body(let part):
            guard body.count + part.readableBytes <= PullServer.bodyLimitBytes else {
                return context.close(promise: nil)
            }
            body += Array(part.readableBytesView)
        case .end: answer(context)
        }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if event is IdleStateHandler.IdleStateEvent { context.close(promise: nil) }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    private func answer(_ context: ChannelHandlerContext) {
        guard let head else { return }
        let request = PullRequest(method: head.method.rawValue, body: body)
        body = []
        let path = String(head.uri.prefix { $0 != "?" })
        guard let page = pages.page(at: path) else {
            return write(.text(404, "nothing is served at \(ShownText.line(path, limit: 100))"), to: head, context)
        }
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        NIOThreadPool.singleton.runIfActive(eventLoop: context.eventLoop) { page.answer(request) }
            .whenComplete { result in
                let (connection, context) = bound.value
                let answer = (try? result.get()) ?? .text(503, "the daemon is ending")
                connection.write(answer, to: head, context)
            }
    }

    private func write(_ answer: PullAnswer, to request: HTTPRequestHead, _ context: ChannelHandlerContext) {
        var headers = HTTPHeaders()
        if answer.status != 304 {
            headers.add(name: "Content-Type", value: answer.contentType)
            headers.add(name: "Content-Length", value: String(answer.body.count))
        }
        let head = HTTPResponseHead(
            version: request.version, status: HTTPResponseStatus(statusCode: answer.status), headers: headers)
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        if request.method != .HEAD, answer.status != 304 {
            context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(bytes: answer.body)))), promise: nil)
        }
        let keepsAlive = request.isKeepAlive
        let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
        context.writeAndFlush(wrapOutboundOut(.end(nil))).whenComplete { _ in
            if !keepsAlive { bound.value.close(promise: nil) }
        }
    }
}

/// How many connections are open.
private final class ConnectionCount: Sendable {
    private let limit: Int
    private let count = Atomic<Int>(0)

    init(limit: Int) { self.limit = limit }

    func enter() -> Bool {
        guard count.add(1, ordering: .relaxed).newValue > limit else { return true }
        count.subtract(1, ordering: .relaxed)
        return false
    }

    func leave() { count.subtract(1, ordering: .relaxed) }
}
