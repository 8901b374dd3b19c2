import NIOCore
import NIOHTTP1
import Synchronization

/// Answers every request with the same body: for measurements, and for tests that need an exposition of their own.
package final class ExpositionServer: Sendable {
    private let body: [UInt8]
    private let contentType: String
    private let server = Mutex<LoopbackServer?>(nil)

    package init(body: [UInt8], contentType: String) {
        self.body = body
        self.contentType = contentType
    }

    /// Listens, and returns `127.0.0.1:port`.
    package func start() async throws -> String {
        let (body, contentType) = (body, contentType)
        let started = try await LoopbackServer.start { pipeline in
            try pipeline.configureHTTPServerPipeline()
            try pipeline.addHandler(ExpositionHandler(body: ByteBuffer(bytes: body), contentType: contentType))
        }
        server.withLock { $0 = started }
        return started.address
    }

    /// Closes the listener and all connections. May be called more than once.
    package func stop() async {
        let running = server.withLock { server in
            defer { server = nil }
            return server
        }
        await running?.stop()
    }
}

private final class ExpositionHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private let body: ByteBuffer
    private let contentType: String

    init(body: ByteBuffer, contentType: String) {
        self.body = body
        self.contentType = contentType
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard case .end = unwrapInboundIn(data) else { return }
        let headers: HTTPHeaders = ["Content-Type": contentType, "Content-Length": "\(body.readableBytes)"]
        context.write(
            wrapOutboundOut(.head(HTTPResponseHead(version: .http1_1, status: .ok, headers: headers))), promise: nil)
        context.write(wrapOutboundOut(.body(.byteBuffer(body))), promise: nil)
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
    }
}
