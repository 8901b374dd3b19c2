import Foundation
import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization

/// An HTTP server on loopback that answers as a test says: exporters, a gray router's admin API and receivers on one port.
///
/// An exporter's scrape body is a function of how often it was scraped, not of time, so that what a test expects does
/// not depend on how fast the machine is.
final class ScriptedWeb: Sendable {
    struct Request: Sendable {
        let method: String
        let path: String
        /// Behind the `?`.
        let query: String
        let headers: [String: String]
        let body: [UInt8]
        /// How many requests to this path came before.
        let number: Int
    }

    struct Reply: Sendable {
        var status = 200
        var headers: [(String, String)] = [("Content-Type", "text/plain; version=0.0.4; charset=utf-8")]
        var body: [UInt8] = []

        static func page(_ text: String) -> Reply { Reply(body: Array(text.utf8)) }
    }

    typealias Route = @Sendable (Request) -> Reply

    private struct State {
        var routes: [String: Route] = [:]
        var counts: [String: Int] = [:]
        var received: [Request] = []
        var canaryBasisPoints = 1_000
        var changes: [Int] = []
        var channel: (any Channel)?
    }

    private static let keptRequests = 10_000
    private let state = Mutex(State())

    // MARK: what a test sets and sees

    func route(_ path: String, _ route: @escaping Route) { state.withLock { $0.routes[path] = route } }

    /// An exporter.
    func page(_ path: String, _ page: @escaping @Sendable (_ scrape: Int) -> String) {
        route(path) { .page(page($0.number)) }
    }

    /// Changes of the split that the router was asked for, basis points of the canary.
    var changes: [Int] { state.withLock { $0.changes } }

    var canaryBasisPoints: Int { state.withLock { $0.canaryBasisPoints } }

    /// Everything that was sent to a path, in order.
    func received(_ path: String) -> [Request] { state.withLock { $0.received.filter { $0.path == path } } }

    // MARK: serving

    /// - Returns: its address, `127.0.0.1:PORT`.
    func start() async throws -> String {
        let bound = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline()
                    try channel.pipeline.syncOperations.addHandler(ScriptedHandler(web: self))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        state.withLock { $0.channel = bound }
        return "127.0.0.1:\(bound.localAddress?.port ?? 0)"
    }

    func stop() async { try? await state.withLock { $0.channel }?.close().get() }

    fileprivate func answer(_ head: HTTPRequestHead, _ body: [UInt8]) -> Reply {
        let path = String(head.uri.prefix { $0 != "?" })
        var headers: [String: String] = [:]
        for (name, value) in head.headers { headers[name.lowercased()] = value }
        let (request, route) = state.withLock { state in
            let number = state.counts[path, default: 0]
            state.counts[path] = number + 1
            let request = Request(
                method: head.method.rawValue, path: path, query: String(head.uri.dropFirst(path.count + 1)),
                headers: headers, body: body, number: number)
            if state.received.count < Self.keptRequests { state.received.append(request) }
            return (request, state.routes[path])
        }
        if let route { return route(request) }
        return path == "/api/v1/split" ? split(request) : Reply(status: 404)
    }

    /// The gray router's admin API.
    private func split(_ request: Request) -> Reply {
        struct Order: Decodable { let canary_basis_points: Int }
        return state.withLock { state in
            if request.method == "PUT" {
                guard let order = try? JSONDecoder().decode(Order.self, from: Data(request.body)) else {
                    return Reply(status: 400)
                }
                state.canaryBasisPoints = order.canary_basis_points
                state.changes.append(order.canary_basis_points)
            }
            let share = state.canaryBasisPoints
            let text =
                #"{"canary_percent":\#(Double(share) / 100),"canary_basis_points":\#(share),"#
                + #""revision":\#(state.changes.count + 1),"baseline_healthy":true}"#
            return Reply(headers: [("Content-Type", "application/json")], body: Array(text.utf8))
        }
    }
}

/// One connection.
private final class ScriptedHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private static let bodyLimitBytes = 1 << 20
    private let web: ScriptedWeb
    private var head: HTTPRequestHead?
    private var body: [UInt8] = []

    init(web: ScriptedWeb) { self.web = web }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head): (self.head, body) = (head, [])
        case .body(let part):
            guard body.count + part.readableBytes <= Self.bodyLimitBytes else { return context.close(promise: nil) }
            body.append(contentsOf: part.readableBytesView)
        case .end:
            guard let head else { return }
            self.head = nil
            write(web.answer(head, body), context: context)
        }
    }

    private func write(_ reply: ScriptedWeb.Reply, context: ChannelHandlerContext) {
        var headers = HTTPHeaders(reply.headers)
        headers.replaceOrAdd(name: "Content-Length", value: "\(reply.body.count)")
        let head = HTTPResponseHead(
            version: .http1_1, status: HTTPResponseStatus(statusCode: reply.status), headers: headers)
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(bytes: reply.body)))), promise: nil)
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}
