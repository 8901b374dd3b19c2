import Model
import NIOCore
import NIOPosix
import Ports
import Synchronization

@testable import Brokers

/// A server on loopback that sends what a script says: the first text when a client connects, the next one whenever something has
/// arrived. A nil closes the connection.
final class ScriptedBroker: Sendable {
    let port: Int
    private let channel: any Channel
    private let box: LogBox

    private final class LogBox: Sendable {
        private let bytes = Mutex<[UInt8]>([])

        func add(_ more: [UInt8]) { bytes.withLock { $0 += more } }

        var all: [UInt8] { bytes.withLock { $0 } }
    }

    private final class Conversation: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        typealias OutboundOut = ByteBuffer
        private var script: [[UInt8]?]
        private let note: ([UInt8]) -> Void

        init(_ script: [[UInt8]?], _ note: @escaping ([UInt8]) -> Void) { (self.script, self.note) = (script, note) }

        func channelActive(context: ChannelHandlerContext) { next(context) }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            note(Array(unwrapInboundIn(data).readableBytesView))
            next(context)
        }

        private func next(_ context: ChannelHandlerContext) {
            guard !script.isEmpty else { return }
            guard let bytes = script.removeFirst() else { return context.close(promise: nil) }
            context.writeAndFlush(wrapOutboundOut(ByteBuffer(bytes: bytes)), promise: nil)
        }
    }

    init(_ script: [[UInt8]?]) async throws {
        let log = LogBox()
        channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(Conversation(script) { log.add($0) })
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        port = channel.localAddress?.port ?? 0
        box = log
    }

    /// All that clients have sent.
    var received: String { String(decoding: box.all, as: UTF8.self) }

    func stop() async { try? await channel.close() }
}

struct FixedSecrets: SecretStore {
    var text = "s3cret"

    func secret(_ reference: SecretReference) throws(SecretError) -> String { text }
}

extension BrokerMessage {
    static func sample(_ place: Place, id: String = "ab12-17-bus", body: String = #"{"id":"ab12-17-bus"}"#)
        -> BrokerMessage
    {
        BrokerMessage(place: place, id: id, type: "rollguard.rollback_intended.v1", body: Array(body.utf8))
    }
}
