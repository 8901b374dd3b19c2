import Glibc
import HTTPServing
import Hummingbird
import NIOCore
import NIOPosix
import Testing

@Suite(.timeLimit(.minutes(5)))
struct RunningServerTests {
    private struct Context: InitializableFromSource {
        init(source: ApplicationRequestContextSource) {}
    }

    private static let hello = CallbackResponder { (_: Request, _: Context) in
        Response(status: .ok, body: ResponseBody(byteBuffer: ByteBuffer(string: "hello")))
    }

    private static func start(port: Int) async throws -> RunningServer {
        try await RunningServer.start(
            hello, host: "127.0.0.1", port: port, limits: ServerLimits.http1(idleTimeout: .minutes(5)))
    }

    /// A connection that is kept open after one answer.
    private static func connect(port: Int) async throws -> any Channel {
        let (answers, arrived) = AsyncStream.makeStream(of: Void.self)
        let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(Arrival(arrived: arrived))
                }
            }
            .connect(host: "127.0.0.1", port: port).get()
        try await channel.writeAndFlush(ByteBuffer(string: "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"))
        for await _ in answers.prefix(1) {}
        return channel
    }

    /// Below the ports that the system gives to outgoing connections: one of those could take a port that was just freed.
    private static func startOnAPortOfItsOwn() async throws -> (server: RunningServer, port: Int) {
        for _ in 1...50 {
            let port = Int.random(in: 10_000...31_999)
            if let server = try? await start(port: port) { return (server, port) }
        }
        throw IOError(errnoCode: EADDRINUSE, reason: "no port of 50 is free")
    }

    @Test func aStoppedServerClosesItsConnectionsAndFreesItsPortAtOnce() async throws {
        var (server, port) = try await Self.startOnAPortOfItsOwn()
        for _ in 1...5 {
            let connection = try await Self.connect(port: port)
            await server.stop()
            #expect(!server.isListening)
            server = try await Self.start(port: port)
            try await connection.closeFuture.get()
        }
        await server.stop()
    }

    @Test func aPortInUseIsAnErrorThatSaysSo() async throws {
        let server = try await Self.start(port: 0)
        let port = try #require(server.port)
        let error = await #expect(throws: IOError.self) { try await Self.start(port: port) }
        #expect(error?.errnoCode == EADDRINUSE)
        await server.stop()
    }
}

/// Announces each part of what the server sends.
private final class Arrival: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    private let arrived: AsyncStream<Void>.Continuation

    init(arrived: AsyncStream<Void>.Continuation) { self.arrived = arrived }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) { arrived.yield() }
    func channelInactive(context: ChannelHandlerContext) { arrived.finish() }
}
