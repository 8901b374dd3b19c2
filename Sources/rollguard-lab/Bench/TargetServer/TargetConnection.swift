import NIOCore

/// One connection: expositions for scrapers, and the other endpoints that a watchdog or a peer calls.
///
/// - `GET /metrics`: the exposition of the target whose address the connection came to
/// - `GET`, `PUT`, `POST /router/NAME`: a router's admin API, which holds what was put there
/// - `POST …/write`: a store of samples, which keeps nothing
/// - `POST /slow`: a receiver that takes everything, ``DaemonLoad/receiverAnswerMs`` after it was sent
/// - any other `POST`: an alert or a webhook
final class TargetConnection: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let world: TargetWorld
    private let target: Int?
    private var received = ByteBuffer()

    init(world: TargetWorld, target: Int?) {
        self.world = world
        self.target = target
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var part = unwrapInboundIn(data)
        if received.readableBytes == 0 { received = part } else { received.writeBuffer(&part) }
        do {
            while let request = try RequestText(in: received) {
                guard let body = request.takeBody(from: &received) else { return }
                let answer = answer(request, body, context.channel.allocator)
                if request.path == "/slow" {
                    send(answer, afterMs: DaemonLoad.receiverAnswerMs, context)
                } else {
                    context.writeAndFlush(wrapOutboundOut(answer), promise: nil)
                }
            }
        } catch {
            let answer = TargetConnection.text(400, "the request is not understood: \(error)\n")
            context.writeAndFlush(wrapOutboundOut(answer), promise: nil)
            context.close(promise: nil)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    private func send(_ answer: ByteBuffer, afterMs ms: Int64, _ context: ChannelHandlerContext) {
        let channel = context.channel
        context.eventLoop.scheduleTask(in: .milliseconds(ms)) { channel.writeAndFlush(answer, promise: nil) }
    }

    private func answer(_ request: RequestText, _ body: ByteBuffer, _ allocator: ByteBufferAllocator) -> ByteBuffer {
        let now = MonotonicTime.nowNs
        if request.method == "GET" {
            if request.path == "/metrics", let target, target < world.targets { return exposition(target, allocator) }
            return world.document(request.path).map { TargetConnection.text(200, $0, type: "application/json") }
                ?? TargetConnection.text(404, "there is nothing here\n")
        }
        if request.path.hasSuffix("/write") { return TargetConnection.text(204, "") }
        let kept = body.getString(at: body.readerIndex, length: min(body.readableBytes, 1 << 20)) ?? ""
        world.post(request.path, body: kept, atNs: now)
        return TargetConnection.text(200, "{}", type: "application/json")
    }

    /// The head is written last, into the room that was left for it, because only then the length is known.
    private func exposition(_ target: Int, _ allocator: ByteBufferAllocator) -> ByteBuffer {
        let traffic = world.scrape(target)
        let head = "HTTP/1.1 200 OK\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8\r\nContent-Length: "
        let digits = 10
        let headBytes = head.utf8.count + digits + 4
        var buffer = allocator.buffer(capacity: headBytes + world.exposition.byteLimit)
        buffer.moveWriterIndex(to: headBytes)
        let length = buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: world.exposition.byteLimit) {
            world.exposition.write(traffic, to: $0)
        }
        let number = String(length)
        // Zeros in front are allowed by the grammar of Content-Length.
        let padding = String(repeating: "0", count: digits - number.count)
        buffer.setString(head + padding + number + "\r\n\r\n", at: 0)
        return buffer
    }

    private static func text(_ status: Int, _ body: String, type: String = "text/plain") -> ByteBuffer {
        ByteBuffer(
            string: "HTTP/1.1 \(status) -\r\nContent-Type: \(type)\r\nContent-Length: \(body.utf8.count)\r\n\r\n"
                + body)
    }
}
