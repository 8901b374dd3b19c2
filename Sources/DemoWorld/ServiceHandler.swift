import Foundation
import NIOCore
import NIOHTTP1

/// Answers one connection's requests, one at a time and in order.
///
/// It writes its answers as bytes: with five services in the demo's one process, in a debug build, the general encoder
/// would be a tenth of all the work.
final class ServiceHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = ByteBuffer

    private struct Waiting {
        let head: HTTPRequestHead
        let since = NIODeadline.now()
    }

    /// Pipelined requests that may wait.
    private static let queueLimit = 64
    private let behaviour: ServiceBehaviour
    private var reading: Waiting?
    private var queue = CircularBuffer<Waiting>()
    private var isAnswering = false
    private var delay: Scheduled<Void>?

    init(behaviour: ServiceBehaviour) { self.behaviour = behaviour }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head): reading = Waiting(head: head)
        case .body: break
        case .end:
            guard let reading, queue.count < Self.queueLimit else { return context.close(promise: nil) }
            self.reading = nil
            if !Self.isMetrics(reading.head.uri) { note(reading.head) }
            queue.append(reading)
            if !isAnswering { answerNext(context: context) }
        }
    }

    private func note(_ head: HTTPRequestHead) {
        behaviour.arrived(
            wallMs: Int64(Date().timeIntervalSince1970 * 1_000),
            request: head.headers.first(name: "X-Demo-Request").map { String($0.prefix(64)) })
    }

    private static func isMetrics(_ uri: String) -> Bool { uri == "/metrics" || uri.hasPrefix("/metrics?") }

    private func answerNext(context: ChannelHandlerContext) {
        while !isAnswering, let request = queue.popFirst() {
            let uri = request.head.uri
            if Self.isMetrics(uri) {
                answerExposition(request.head, context: context)
            } else if request.head.method == .POST, uri.hasPrefix(FaultOrder.path) {
                takeOrder(request.head, context: context)
            } else {
                answerLater(request, context: context)
            }
        }
    }

    private func answerExposition(_ head: HTTPRequestHead, context: ChannelHandlerContext) {
        guard behaviour.expositionDelayMs > 0 else { return writeExposition(head, context: context) }
        isAnswering = true
        let bound = NIOLoopBound((self, context, head), eventLoop: context.eventLoop)
        let delayMs = Int64(behaviour.expositionDelayMs)
        context.eventLoop.scheduleTask(in: .milliseconds(delayMs)) {
            let (handler, context, head) = bound.value
            handler.isAnswering = false
            handler.writeExposition(head, context: context)
            handler.answerNext(context: context)
        }
    }

    private func writeExposition(_ head: HTTPRequestHead, context: ChannelHandlerContext) {
        let type = "text/plain; version=0.0.4; charset=utf-8"
        write(behaviour.page(), code: 200, type: type, to: head, context: context)
    }

    private func answerLater(_ request: Waiting, context: ChannelHandlerContext) {
        isAnswering = true
        let drawn = behaviour.draw()
        let delayMicroseconds = drawn.delayMicroseconds + Self.wantedDelayMicroseconds(request.head)
        let bound = NIOLoopBound((self, context, request), eventLoop: context.eventLoop)
        delay = context.eventLoop.scheduleTask(in: .microseconds(delayMicroseconds)) {
            let (handler, context, request) = bound.value
            handler.finish(drawn, request, context: context)
        }
    }

    private func takeOrder(_ head: HTTPRequestHead, context: ChannelHandlerContext) {
        guard let fault = FaultOrder.fault(head.uri) else {
            return write(FaultOrder.usage, code: 400, type: "text/plain", to: head, context: context)
        }
        behaviour.setFault(fault)
        write(
            "\(behaviour.version): \(FaultOrder.text(fault))\n", code: 200, type: "text/plain", to: head,
            context: context)
    }

    /// A client may ask to be answered later, so that it is still there when the traffic moves.
    private static func wantedDelayMicroseconds(_ head: HTTPRequestHead) -> Int64 {
        let wantedMs = head.headers.first(name: "X-Demo-Delay-Ms").flatMap { Int($0) } ?? 0
        return Int64(min(max(wantedMs, 0), ServiceBehaviour.longestExtraMs)) * 1_000
    }

    private func finish(_ drawn: ServiceBehaviour.Answer, _ request: Waiting, context: ChannelHandlerContext) {
        delay = nil
        isAnswering = false
        let text = drawn.code == 200 ? behaviour.okText : behaviour.errorText
        let seconds = Double((NIODeadline.now() - request.since).nanoseconds) / 1e9
        // Counted before it is written: whoever has read the answer finds it in the next scrape.
        behaviour.answered(
            code: drawn.code, method: request.head.method.rawValue, seconds: seconds, bytes: text.utf8.count)
        write(text, code: drawn.code, type: "text/plain", to: request.head, context: context)
        answerNext(context: context)
    }

    private func write(
        _ text: String, code: Int, type: String, to request: HTTPRequestHead, context: ChannelHandlerContext
    ) {
        let reason = HTTPResponseStatus(statusCode: code).reasonPhrase
        let connection = request.isKeepAlive ? "" : "Connection: close\r\n"
        let head = "HTTP/1.1 \(code) \(reason)\r\nContent-Type: \(type)\r\nContent-Length: \(text.utf8.count)\r\n"
        let version = "X-Demo-Version: \(behaviour.version)\r\n"
        let body = request.method == .HEAD ? "" : text
        let written = context.eventLoop.makePromise(of: Void.self)
        if !request.isKeepAlive {
            let channel = context.channel
            written.futureResult.whenComplete { _ in channel.close(promise: nil) }
        }
        context.writeAndFlush(
            wrapOutboundOut(ByteBuffer(string: "\(head)\(version)\(connection)\r\n\(body)")), promise: written)
    }

    func channelInactive(context: ChannelHandlerContext) {
        queue.removeAll()
        if let delay {
            delay.cancel()
            self.delay = nil
            behaviour.abandoned()
        }
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }
}
