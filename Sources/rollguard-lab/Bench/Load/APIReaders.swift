import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization

/// Callers of an HTTP API. Each has a connection that stays open, and requests the next document as soon as it has
/// received one, or at a pace. An answer without an end, a stream of events, is received for as long as they live.
final class APIReaders: Sendable {
    struct Count: Sendable, Equatable {
        var answers = 0
        var bytes = 0
        /// Answers other than 200, and connections that ended.
        var failures = 0
        /// What the first of them was.
        var failure: String?
    }

    private let readers: Int
    private let port: Int
    private let paths: [String]
    private let perSecond: Double?
    private let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    private let state = Mutex((count: Count(), isStopping: false))

    /// - Parameters:
    ///   - port: of 127.0.0.1.
    ///   - paths: requested one after the other; each reader begins with another one.
    ///   - perSecond: requests of all readers together at the most; nil for no limit.
    init(_ readers: Int, port: Int, paths: [String], perSecond: Double? = nil) {
        self.perSecond = perSecond
        self.readers = readers
        self.port = port
        self.paths = paths
    }

    var count: Count { state.withLock(\.count) }

    /// Returns when all are connected. A daemon that has just started may listen a moment later than it scrapes.
    func start() async throws {
        let pause = perSecond.map { TimeAmount.nanoseconds(Int64(Double(readers) / $0 * 1e9)) }
        for reader in 0..<readers {
            for attempt in 1...APIReaders.connectAttempts {
                do {
                    try await connect(reader, pause)
                    break
                } catch {
                    guard attempt < APIReaders.connectAttempts else { throw error }
                    try await Task.sleep(for: .milliseconds(100))
                }
            }
        }
    }

    private static let connectAttempts = 100

    private func connect(_ reader: Int, _ pause: TimeAmount?) async throws {
        _ = try await ClientBootstrap(group: group)
            .channelInitializer { [self] channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHTTPClientHandlers()
                    try channel.pipeline.syncOperations.addHandler(
                        Reader(port: port, paths: paths, first: reader, pause: pause, report: { [self] in note($0) }))
                }
            }
            .connect(host: "127.0.0.1", port: port).get()
    }

    /// Closes all connections.
    func stop() async {
        state.withLock { $0.isStopping = true }
        try? await group.shutdownGracefully()
    }

    fileprivate enum Event {
        case received(bytes: Int)
        case answered
        case failed(String)
    }

    private func note(_ event: Event) {
        state.withLock { state in
            switch event {
            case .received(let bytes): state.count.bytes += bytes
            case .answered: state.count.answers += 1
            case .failed(let reason):
                guard !state.isStopping else { return }
                state.count.failures += 1
                state.count.failure = state.count.failure ?? reason
            }
        }
    }
}

/// One caller.
private final class Reader: ChannelInboundHandler {
    typealias InboundIn = HTTPClientResponsePart
    typealias OutboundOut = HTTPClientRequestPart

    private let port: Int
    private let paths: [String]
    private var next: Int
    /// Between two requests; nil for none.
    private let pause: TimeAmount?
    private let report: @Sendable (APIReaders.Event) -> Void

    init(
        port: Int, paths: [String], first: Int, pause: TimeAmount?,
        report: @escaping @Sendable (APIReaders.Event) -> Void
    ) {
        self.pause = pause
        self.port = port
        self.paths = paths
        next = first
        self.report = report
    }

    func channelActive(context: ChannelHandlerContext) { request(context) }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            if head.status != .ok { report(.failed("\(path): HTTP \(head.status.code)")) }
        case .body(let bytes): report(.received(bytes: bytes.readableBytes))
        case .end:
            report(.answered)
            next += 1
            requestNext(context)
        }
    }

    func channelInactive(context: ChannelHandlerContext) { report(.failed("\(path): the connection was closed")) }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        report(.failed("\(path): \(error)"))
        context.close(promise: nil)
    }

    private var path: String { paths[next % paths.count] }

    private func requestNext(_ context: ChannelHandlerContext) {
        guard let pause else { return request(context) }
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        context.eventLoop.scheduleTask(in: pause) {
            let (reader, context) = bound.value
            if context.channel.isActive { reader.request(context) }
        }
    }

    private func request(_ context: ChannelHandlerContext) {
        let headers: HTTPHeaders = ["Host": "127.0.0.1:\(port)"]
        let head = HTTPRequestHead(version: .http1_1, method: .GET, uri: path, headers: headers)
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
    }
}
