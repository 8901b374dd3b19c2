import NIOCore
import NIOHTTP1

/// Answers the requests of one connection of HTTP/1.1, or of one stream of HTTP/2. Everything happens on its loop.
final class FlagRequestHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    /// Of a request; what is in it is not needed.
    private static let bodyLimitBytes = 64 << 10

    private let board: FlagBoard
    private let slowReaderLimit: TimeAmount
    private var head: HTTPRequestHead?
    private var bodyBytes = 0
    private var feed: SyncFeed?

    /// - Parameter slowReaderLimit: how long a stream may take to accept a document.
    init(board: FlagBoard, slowReaderLimit: TimeAmount) {
        (self.board, self.slowReaderLimit) = (board, slowReaderLimit)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let next): (head, bodyBytes) = (next, 0)
        case .body(let part):
            bodyBytes += part.readableBytes
            guard bodyBytes > FlagRequestHandler.bodyLimitBytes else { return }
            head = nil
            context.close(promise: nil)
        case .end:
            guard let head else { return }
            self.head = nil
            respond(to: head, context)
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        feed?.end()
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    private func respond(to head: HTTPRequestHead, _ context: ChannelHandlerContext) {
        let type = head.headers.first(name: "content-type") ?? ""
        guard head.version.major >= 2, type.hasPrefix("application/grpc") else {
            let answer = FlagAnswers.answer(
                method: head.method, uri: head.uri, knownRevisions: head.headers["if-none-match"],
                document: board.edition?.document)
            return send(answer, to: head, context)
        }
        guard head.uri == SyncAnswers.stream else {
            return send(SyncAnswers.answer(uri: head.uri, document: board.edition?.document), to: head, context)
        }
        feed = SyncFeed(board: board, channel: context.channel, limit: slowReaderLimit)
        if feed?.begin() != true {
            send(SyncAnswers.failure(.resourceExhausted, "there are too many streams"), to: head, context)
        }
    }

    private func send(_ answer: FlagAnswer, to request: HTTPRequestHead, _ context: ChannelHandlerContext) {
        var head = HTTPResponseHead(version: request.version, status: answer.status)
        for (name, value) in answer.headers { head.headers.add(name: name, value: value) }
        let isGRPC = answer.headers.contains { $0.value == "application/grpc" }
        if !isGRPC, answer.status != .notModified {
            head.headers.add(name: "content-length", value: "\(answer.body?.readableBytes ?? 0)")
        }
        let isLast = request.version.major < 2 && !request.isKeepAlive
        if isLast { head.headers.add(name: "connection", value: "close") }
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        if let body = answer.body, request.method != .HEAD {
            context.write(wrapOutboundOut(.body(.byteBuffer(body))), promise: nil)
        }
        let trailers = answer.trailers.isEmpty ? nil : HTTPHeaders(answer.trailers.map { ($0.name, $0.value) })
        let sent = context.writeAndFlush(wrapOutboundOut(.end(trailers)))
        if isLast {
            let channel = context.channel
            sent.whenComplete { _ in channel.close(promise: nil) }
        }
    }
}
