import Foundation
import NIOCore
import NIOPosix

/// Why no answer came from a runtime socket.
enum RuntimeFailure: Error, Sendable, Equatable {
    /// Nothing was sent.
    case unreachable(String)
    /// Something was sent; whether it was done is not known.
    case lost(String)
}

/// One line to HAProxy's runtime socket and its whole answer. HAProxy closes the connection after the line.
///
/// Source: HAProxy management guide, section 9.3 "Unix Socket commands", non-interactive mode.
struct RuntimeSocket: Sendable {
    let address: RuntimeAddress

    /// More than this is not read: `show stat` of a backend takes some 600 bytes per server.
    static let answerLimitBytes = 1 << 20

    /// - Parameter line: without its line end.
    func ask(_ line: String, deadline: Deadline) async throws(RuntimeFailure) -> String {
        let limitMs = deadline.remainingMs
        guard limitMs > 0 else { throw .unreachable("no time was left") }
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        let answer = loop.makePromise(of: String.self)
        let channel: any Channel
        do {
            channel = try await connect(on: loop, line: line, answer: answer, limitMs: limitMs)
        } catch {
            let failure = RuntimeFailure.unreachable(RuntimeSocket.text(for: error, limitMs: limitMs))
            answer.fail(failure)
            throw failure
        }
        return try await RuntimeSocket.wait(for: answer, of: channel)
    }

    private func connect(
        on loop: any EventLoop, line: String, answer: EventLoopPromise<String>, limitMs: Int64
    ) async throws -> any Channel {
        let bootstrap = ClientBootstrap(group: loop)
            .connectTimeout(.milliseconds(limitMs))
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let reader = RuntimeAnswerReader(line: line, answer: answer, limitMs: limitMs)
                    try channel.pipeline.syncOperations.addHandler(reader)
                }
            }
        switch address {
        case .unix(let path): return try await bootstrap.connect(unixDomainSocketPath: path).get()
        case .tcp(let host, let port): return try await bootstrap.connect(host: host, port: port).get()
        }
    }

    private static func wait(
        for answer: EventLoopPromise<String>, of channel: any Channel
    ) async throws(RuntimeFailure) -> String {
        do {
            return try await withTaskCancellationHandler {
                try await answer.futureResult.get()
            } onCancel: {
                channel.close(promise: nil)
            }
        } catch let failure as RuntimeFailure {
            throw failure
        } catch {
            throw .lost("\(error)")
        }
    }

    /// Why a connection could not be made.
    static func text(for error: any Error, limitMs: Int64) -> String {
        switch error {
        case let error as NIOConnectionError:
            if let inner = error.connectionErrors.first?.error { return text(for: inner, limitMs: limitMs) }
            if let inner = error.dnsAError ?? error.dnsAAAAError { return "cannot look up \(error.host): \(inner)" }
            return "cannot connect to \(error.host):\(error.port)"
        case let error as IOError: return "cannot connect: \(String(cString: strerror(error.errnoCode)))"
        case let error as ChannelError:
            if case .connectTimeout = error { return "no connection within \(limitMs) ms" }
            return "cannot connect: \(error)"
        default: return "cannot connect: \(error)"
        }
    }
}

/// Sends the line as soon as the connection is open, collects what comes until it is closed. One use per connection;
/// everything happens on the connection's loop.
private final class RuntimeAnswerReader: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let line: String
    private let answer: EventLoopPromise<String>
    private let limitMs: Int64
    private var received = ByteBuffer()
    private var timer: Scheduled<Void>?
    private var isDone = false

    init(line: String, answer: EventLoopPromise<String>, limitMs: Int64) {
        self.line = line
        self.answer = answer
        self.limitMs = limitMs
    }

    func channelActive(context: ChannelHandlerContext) {
        let loopBound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        timer = context.eventLoop.scheduleTask(in: .milliseconds(limitMs)) {
            let (reader, context) = loopBound.value
            reader.finish(.failure(.lost("no whole answer within \(reader.limitMs) ms")), context)
        }
        context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: line + "\n")), promise: nil)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var part = unwrapInboundIn(data)
        guard received.readableBytes + part.readableBytes <= RuntimeSocket.answerLimitBytes else {
            return finish(.failure(.lost("the answer is larger than \(RuntimeSocket.answerLimitBytes) bytes")), context)
        }
        received.writeBuffer(&part)
    }

    func channelInactive(context: ChannelHandlerContext) {
        let text = String(buffer: received)
        // Every answer ends with an empty line; without it HAProxy went away in the middle.
        let isWhole = text == "\n" || text.hasSuffix("\n\n")
        finish(
            isWhole ? .success(text) : .failure(.lost("the connection was closed before the end of the answer")),
            context)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        finish(.failure(.lost("the connection broke: \(error)")), context)
    }

    /// A connection that never became active leaves its promise to the one who connected.
    private func finish(_ result: Result<String, RuntimeFailure>, _ context: ChannelHandlerContext) {
        guard !isDone else { return }
        isDone = true
        timer?.cancel()
        answer.completeWith(result.mapError { $0 as any Error })
        context.close(promise: nil)
    }
}
