import Glibc
import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization

/// A request as a stub server saw it.
struct StubRequest: Sendable {
    var line = ""
    var headers = HTTPHeaders()
    var body = ""
    var trailers: HTTPHeaders?
    /// Which of the server's connections it came on, from 1.
    var connection = 0
}

/// What a stub server does with a request; it writes bytes as they are, right or wrong.
enum StubAnswer: Sendable {
    case bytes(String)
    case bytesThenClose(String)
    /// A response with `Content-Length` and the pattern as its body.
    case pattern(count: Int)
    case nothing
    case close

    static func ok(_ body: String, _ headers: String = "") -> StubAnswer {
        .bytes("HTTP/1.1 200 OK\r\n\(headers)Content-Length: \(body.utf8.count)\r\n\r\n\(body)")
    }
}

/// A server that remembers what it was asked and answers as the test says.
final class StubServer: Sendable {
    private let channel: any Channel
    let log: StubLog
    let address: String

    private init(channel: any Channel, log: StubLog) {
        self.channel = channel
        self.log = log
        address = "127.0.0.1:\(channel.localAddress?.port ?? 0)"
    }

    /// - Parameters:
    ///   - reads: False: connections are accepted, and nothing is read until `log.letRead()`.
    ///   - onHead: Answers before the body has come; nil to wait for the end.
    static func start(
        reads: Bool = true, onHead: @escaping @Sendable (HTTPRequestHead) -> StubAnswer? = { _ in nil },
        answer: @escaping @Sendable (StubRequest) -> StubAnswer
    ) async throws -> StubServer {
        let log = StubLog()
        let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .serverChannelOption(.socketOption(.so_rcvbuf), value: 65_536)
            .childChannelOption(.autoRead, value: reads)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    log.opened(channel)
                    try channel.pipeline.syncOperations.addHandler(ByteToMessageHandler(HTTPRequestDecoder()))
                    try channel.pipeline.syncOperations.addHandler(
                        StubHandler(log: log, onHead: onHead, answer: answer))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        return StubServer(channel: channel, log: log)
    }

    func stop() async {
        try? await channel.close().get()
        for connection in log.connections { try? await connection.close().get() }
    }

    /// A listener whose queue is full: the system answers no further attempt to connect. Closed by the caller.
    static func startFull() async throws -> (listener: any Channel, fillers: [RawClient]) {
        let listener = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.backlog, value: 0)
            .serverChannelOption(.autoRead, value: false)
            .bind(host: "127.0.0.1", port: 0).get()
        var fillers: [RawClient] = []
        while fillers.count < 16 {
            let address = "127.0.0.1:\(listener.localAddress?.port ?? 0)"
            guard let filler = try? await RawClient.connect(address, timeoutMs: 300) else { break }
            fillers.append(filler)
        }
        return (listener, fillers)
    }

    /// An address that refuses connections, and that no other test gets: its port is bound until the process ends, and nothing
    /// listens there.
    static func refusedAddress() async throws -> String { try BoundPort.take() }

    /// The same for a server that stops: no other test gets its port. Where a client has it by now, nothing listens there either.
    func stopForGood() async {
        await stop()
        _ = try? BoundPort.take(port: address.split(separator: ":").last.flatMap { Int($0) } ?? 0)
    }
}

/// What a stub server has seen.
final class StubLog: Sendable {
    private struct State {
        var requests: [StubRequest] = []
        var connections: [any Channel] = []
        var bodyBytes = 0
        var bodyIsIntact = true
        var writtenBytes = 0
        var mayRead = false
    }

    private let state = Mutex(State())

    var requests: [StubRequest] { state.withLock { $0.requests } }
    var connections: [any Channel] { state.withLock { $0.connections } }
    var bodyBytes: Int { state.withLock { $0.bodyBytes } }
    /// Whether all body bytes so far followed the pattern.
    var bodyIsIntact: Bool { state.withLock { $0.bodyIsIntact } }
    /// Pattern bytes that the kernel took.
    var writtenBytes: Int { state.withLock { $0.writtenBytes } }

    func letRead() async {
        state.withLock { $0.mayRead = true }
        // Health checks have left closed connections behind.
        for connection in connections { try? await connection.setOption(.autoRead, value: true).get() }
    }

    fileprivate func opened(_ channel: any Channel) {
        let mayRead = state.withLock { state in
            state.connections.append(channel)
            return state.mayRead
        }
        if mayRead { _ = channel.setOption(.autoRead, value: true) }
    }
    fileprivate func add(_ request: StubRequest) { state.withLock { $0.requests.append(request) } }
    fileprivate func wrote(_ count: Int) { state.withLock { $0.writtenBytes += count } }
    fileprivate func body(_ bytes: ByteBuffer) {
        state.withLock { state in
            if !Pattern.matches(bytes, at: state.bodyBytes) { state.bodyIsIntact = false }
            state.bodyBytes += bytes.readableBytes
        }
    }
}

private final class StubHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = ByteBuffer

    private let log: StubLog
    private let onHead: @Sendable (HTTPRequestHead) -> StubAnswer?
    private let answer: @Sendable (StubRequest) -> StubAnswer
    private var request = StubRequest()
    private var isAnswered = false

    init(
        log: StubLog, onHead: @escaping @Sendable (HTTPRequestHead) -> StubAnswer?,
        answer: @escaping @Sendable (StubRequest) -> StubAnswer
    ) {
        self.log = log
        self.onHead = onHead
        self.answer = answer
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            let number = (log.connections.firstIndex { $0 === context.channel } ?? -1) + 1
            request = StubRequest(
                line: "\(head.method.rawValue) \(head.uri)", headers: head.headers, connection: number)
            isAnswered = false
            if let early = onHead(head) {
                // An interim answer does not take the place of the final one.
                if case .bytes(let text) = early, text.hasPrefix("HTTP/1.1 1") {} else { isAnswered = true }
                perform(early, context: context)
            }
        case .body(let bytes):
            log.body(bytes)
            if request.body.utf8.count < 65_536 { request.body += String(buffer: bytes) }
        case .end(let trailers):
            request.trailers = trailers
            log.add(request)
            if !isAnswered { perform(answer(request), context: context) }
        }
    }

    private func perform(_ answer: StubAnswer, context: ChannelHandlerContext) {
        switch answer {
        case .bytes(let text):
            context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: text)), promise: nil)
        case .bytesThenClose(let text):
            let channel = context.channel
            context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: text))).whenComplete { _ in
                channel.close(promise: nil)
            }
        case .pattern(let count):
            let head = "HTTP/1.1 200 OK\r\nContent-Length: \(count)\r\n\r\n"
            context.write(wrapOutboundOut(ByteBuffer(string: head)), promise: nil)
            writePattern(from: 0, to: count, context: context)
        case .nothing: break
        case .close: context.close(promise: nil)
        }
    }

    private func writePattern(from offset: Int, to end: Int, context: ChannelHandlerContext) {
        guard offset < end else { return context.flush() }
        let bytes = Pattern.bytes(at: offset, count: end - offset)
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        let log = log
        context.writeAndFlush(wrapOutboundOut(bytes)).whenSuccess {
            log.wrote(bytes.readableBytes)
            let (handler, context) = bound.value
            handler.writePattern(from: offset + bytes.readableBytes, to: end, context: context)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}

/// A port of loopback that is bound and does not listen.
private enum BoundPort {
    struct Failure: Error { let reason: String }

    static func take(port: Int = 0) throws -> String {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var on: Int32 = 1
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, socklen_t(MemoryLayout<Int32>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(UInt16(port)).bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let answer = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(descriptor, $0, length) }
        }
        guard answer == 0 else { throw Failure(reason: String(cString: strerror(errno))) }
        _ = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(descriptor, $0, &length) }
        }
        return "127.0.0.1:\(UInt16(bigEndian: address.sin_port))"
    }
}
