import Model
import NIOCore
import NIOPosix
import NIOSSL
import Ports

/// Why a conversation with a broker ended.
struct BrokerTrouble: Error, Equatable {
    enum Kind: Equatable {
        /// Nothing was sent that could have an effect.
        case unreachable
        /// It may have had its effect.
        case lost
        case forbidden
        case refused
    }

    let kind: Kind
    let text: String

    init(_ kind: Kind, _ text: String) { (self.kind, self.text) = (kind, text) }
}

/// One connection to a broker, read and written in turns. All that is received has a bound.
struct BrokerLink {
    typealias Wrapped = NIOAsyncChannel<ByteBuffer, ByteBuffer>

    /// Of one line, one frame, or one text.
    static let limitBytes = 1 << 20

    private let channel: any Channel
    private let outbound: NIOAsyncChannelOutboundWriter<ByteBuffer>
    private var inbound: NIOAsyncChannelInboundStream<ByteBuffer>.AsyncIterator
    private var received = ByteBuffer()

    private init(
        _ channel: any Channel, _ inbound: NIOAsyncChannelInboundStream<ByteBuffer>,
        _ outbound: NIOAsyncChannelOutboundWriter<ByteBuffer>
    ) {
        self.channel = channel
        self.outbound = outbound
        self.inbound = inbound.makeAsyncIterator()
    }

    /// Connects, talks, and closes, all within the address's `timeoutMs`.
    ///
    /// - Parameter laterTLS: TLS begins with ``startTLS(_:)`` and not with the connection.
    static func talk<Result: Sendable>(
        to broker: BrokerAddress, laterTLS: Bool = false,
        _ body: @Sendable (inout BrokerLink) async throws -> Result
    ) async throws(BrokerTrouble) -> Result {
        let limit = NIODeadline.now() + .milliseconds(max(1, broker.timeoutMs))
        let wrapped: Wrapped
        do {
            wrapped = try await connect(broker, isTLS: broker.scheme.isTLS && !laterTLS)
        } catch {
            throw BrokerTrouble(.unreachable, "\(broker.text): \(reason(error))")
        }
        let channel = wrapped.channel
        let timer = channel.eventLoop.scheduleTask(deadline: limit) { channel.close(promise: nil) }
        defer { timer.cancel() }
        do {
            return try await withTaskCancellationHandler {
                try await wrapped.executeThenClose { inbound, outbound in
                    var link = BrokerLink(channel, inbound, outbound)
                    return try await body(&link)
                }
            } onCancel: {
                channel.close(promise: nil)
            }
        } catch {
            let trouble = error as? BrokerTrouble ?? BrokerTrouble(.lost, reason(error))
            let isLate = trouble.kind == .lost && NIODeadline.now() >= limit
            let text = isLate ? "no answer within \(broker.timeoutMs) ms" : trouble.text
            throw BrokerTrouble(trouble.kind, "\(broker.text): \(text)")
        }
    }

    private static func connect(_ broker: BrokerAddress, isTLS: Bool) async throws -> Wrapped {
        let tls = isTLS ? try BrokerTLS(broker) : nil
        return try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .connectTimeout(.milliseconds(max(1, broker.timeoutMs)))
            .connect(host: broker.host, port: broker.port) { channel in
                channel.eventLoop.makeCompletedFuture {
                    if let tls { try channel.pipeline.syncOperations.addHandler(tls.handler()) }
                    return try Wrapped(wrappingChannelSynchronously: channel)
                }
            }
    }

    private static func reason(_ error: any Error) -> String {
        switch error {
        case let error as NIOConnectionError:
            error.connectionErrors.first.map { "\($0.error)" } ?? "the name has no address"
        case is ChannelError: "the connection was closed"
        default: "\(error)"
        }
    }

    /// From here on everything is in TLS.
    mutating func startTLS(_ broker: BrokerAddress) async throws {
        let tls = try BrokerTLS(broker)
        let channel = channel
        try await channel.eventLoop.submit {
            try channel.pipeline.syncOperations.addHandler(tls.handler(), position: .first)
        }.get()
    }

    func write(_ text: String) async throws { try await outbound.write(ByteBuffer(string: text)) }

    func write(_ bytes: [UInt8]) async throws { try await outbound.write(ByteBuffer(bytes: bytes)) }

    // MARK: Reading

    /// - Throws: ``BrokerTrouble`` at the end of the connection.
    private mutating func more() async throws {
        guard var next = try await inbound.next() else {
            throw BrokerTrouble(.lost, "the connection was closed before the answer")
        }
        guard received.readableBytes + next.readableBytes <= 2 * BrokerLink.limitBytes else {
            throw BrokerTrouble(.lost, "it sends too much")
        }
        received.discardReadBytes()
        received.writeBuffer(&next)
    }

    /// A line without its CR LF.
    mutating func line() async throws -> String {
        while true {
            let view = received.readableBytesView
            if let end = view.firstIndex(of: 0x0A) {
                let text = received.readString(length: end - view.startIndex + 1) ?? ""
                return String(text.unicodeScalars.prefix { $0 != "\r" && $0 != "\n" })
            }
            guard view.count <= BrokerLink.limitBytes else { throw BrokerTrouble(.lost, "it sends too long a line") }
            try await more()
        }
    }

    mutating func bytes(_ count: Int) async throws -> [UInt8] {
        guard (0...BrokerLink.limitBytes).contains(count) else { throw BrokerTrouble(.lost, "it sends too much") }
        while received.readableBytes < count { try await more() }
        return received.readBytes(length: count) ?? []
    }
}
