import Model
import NIOCore
import NIOPosix
import Ports

/// A few commands to Redis over a connection of their own.
struct RedisClient: Sendable {
    /// As people may see it.
    let name: String
    private let address: RuntimeAddress
    private let access: RedisAccess
    private let secrets: any SecretStore

    init(_ access: RedisAccess, secrets: any SecretStore) throws(RouterPlanError) {
        address = try RuntimeAddress(access.address)
        guard access.database >= 0 else { throw RouterPlanError("redis.database must be 0 or more") }
        guard access.user == nil || access.password != nil else {
            throw RouterPlanError("redis.user needs password_file or password_env")
        }
        name = "redis \(access.address)"
        self.access = access
        self.secrets = secrets
    }

    /// - Returns: the answer to the command.
    /// - Throws: ``Refusal``; an answer that is an error is a refusal too.
    func run(_ command: [String], deadline: Deadline) async throws(Refusal) -> RedisReply {
        var commands: [[String]] = []
        if let reference = access.password {
            do {
                let password = try secrets.secret(reference)
                commands.append(["AUTH"] + (access.user.map { [$0, password] } ?? [password]))
            } catch {
                throw Refusal(.rejected, error.description)
            }
        }
        if access.database != 0 { commands.append(["SELECT", String(access.database)]) }
        commands.append(command)
        let replies = try await exchange(commands, deadline)
        for (reply, command) in zip(replies, commands) {
            guard case .error(let text) = reply else { continue }
            throw Refusal(.rejected, "\(command[0]): \(ShownText.line(text, limit: 200))\(RedisClient.advice(text))")
        }
        guard let last = replies.last else { throw Refusal(.unknown, "\(name) gave no answer") }
        return last
    }

    private static func advice(_ text: String) -> String {
        if text.hasPrefix("NOAUTH") || text.hasPrefix("WRONGPASS") { return " (check redis.user and its password)" }
        if text.hasPrefix("NOPERM") { return " (the user needs +eval, +get and +set on the keys)" }
        if text.hasPrefix("READONLY") { return " (this is a replica; name the primary)" }
        return ""
    }

    private func exchange(_ commands: [[String]], _ deadline: Deadline) async throws(Refusal) -> [RedisReply] {
        let limitMs = deadline.remainingMs
        guard limitMs > 0 else { throw Refusal(.unreachable, "no time was left for \(name)") }
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        let answer = loop.makePromise(of: [RedisReply].self)
        let channel: any Channel
        do {
            channel = try await connect(on: loop, commands, answer, limitMs)
        } catch {
            answer.fail(error)
            throw Refusal(.unreachable, "\(name): \(RuntimeSocket.text(for: error, limitMs: limitMs))")
        }
        do {
            return try await withTaskCancellationHandler {
                try await answer.futureResult.get()
            } onCancel: {
                channel.close(promise: nil)
            }
        } catch {
            throw Refusal(.unknown, "\(name): \((error as? RedisLoss)?.reason ?? "the connection broke: \(error)")")
        }
    }

    private func connect(
        on loop: any EventLoop, _ commands: [[String]], _ answer: EventLoopPromise<[RedisReply]>, _ limitMs: Int64
    ) async throws -> any Channel {
        let bootstrap = ClientBootstrap(group: loop).connectTimeout(.milliseconds(limitMs))
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let reader = RedisAnswerReader(commands: commands, answer: answer, limitMs: limitMs)
                    try channel.pipeline.syncOperations.addHandler(reader)
                }
            }
        switch address {
        case .unix(let path): return try await bootstrap.connect(unixDomainSocketPath: path).get()
        case .tcp(let host, let port): return try await bootstrap.connect(host: host, port: port).get()
        }
    }
}

/// Why there is no answer although something was sent.
private struct RedisLoss: Error {
    let reason: String
}

/// Sends all commands at once and collects one answer for each. One use per connection; everything happens on its loop.
private final class RedisAnswerReader: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private static let answerLimitBytes = 1 << 20

    private let commands: [[String]]
    private let answer: EventLoopPromise<[RedisReply]>
    private let limitMs: Int64
    private var received = ByteBuffer()
    private var replies: [RedisReply] = []
    private var timer: Scheduled<Void>?
    private var isDone = false

    init(commands: [[String]], answer: EventLoopPromise<[RedisReply]>, limitMs: Int64) {
        (self.commands, self.answer, self.limitMs) = (commands, answer, limitMs)
    }

    func channelActive(context: ChannelHandlerContext) {
        let loopBound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        timer = context.eventLoop.scheduleTask(in: .milliseconds(limitMs)) {
            let (reader, context) = loopBound.value
            reader.finish(.failure(RedisLoss(reason: "no whole answer within \(reader.limitMs) ms")), context)
        }
        var out = ByteBuffer()
        for command in commands {
            out.writeString("*\(command.count)\r\n")
            for part in command { out.writeString("$\(part.utf8.count)\r\n\(part)\r\n") }
        }
        context.writeAndFlush(wrapOutboundOut(out), promise: nil)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var part = unwrapInboundIn(data)
        guard received.readableBytes + part.readableBytes <= RedisAnswerReader.answerLimitBytes else {
            return finish(.failure(RedisLoss(reason: "the answer is too large")), context)
        }
        received.writeBuffer(&part)
        do {
            while let reply = try RedisReply.read(from: &received) { replies.append(reply) }
        } catch {
            return finish(.failure(RedisLoss(reason: "the answer is not Redis' protocol; is this Redis?")), context)
        }
        if replies.count >= commands.count { finish(.success(replies), context) }
    }

    func channelInactive(context: ChannelHandlerContext) {
        finish(.failure(RedisLoss(reason: "the connection was closed before the end of the answer")), context)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        finish(.failure(RedisLoss(reason: "the connection broke: \(error)")), context)
    }

    private func finish(_ result: Result<[RedisReply], any Error>, _ context: ChannelHandlerContext) {
        guard !isDone else { return }
        isDone = true
        timer?.cancel()
        answer.completeWith(result)
        context.close(promise: nil)
    }
}
