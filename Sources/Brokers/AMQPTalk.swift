import Model
import Ports

/// AMQP 0-9-1, as far as one message with a publisher's confirm needs it: open, `confirm.select`, publish, and the broker's ack.
///
/// Source: "AMQP 0-9-1 specification"; rabbitmq.com/docs/confirms.
struct AMQPTalk: Sendable {
    let broker: BrokerAddress
    let login: BrokerLogin
    let virtualHost: String

    /// The message is persistent and mandatory: one that no queue gets is a failure and not lost in silence.
    func publish(
        _ message: BrokerMessage, exchange: String, routingKey: String
    ) async throws(BrokerTrouble) -> BrokerOutcome {
        try await BrokerLink.talk(to: broker) { link in
            let frameLimit = try await open(&link)
            let frames = AMQPTalk.frames(message, exchange, routingKey, limit: frameLimit)
            try await link.write(frames.flatMap(\.bytes))
            try await confirmed(&link)
            try? await link.write(AMQPTalk.closing.bytes)
            return .stored(isDuplicate: false)
        }
    }

    // MARK: The beginning

    /// - Returns: the longest payload of a frame.
    private func open(_ link: inout BrokerLink) async throws -> Int {
        try await link.write(Array("AMQP".utf8) + [0, 0, 9, 1])
        _ = try await answer(.start, &link)
        try await link.write(startOk.bytes)
        var tune = try await answer(.tune, &link)
        let (channels, wish) = (tune.short() ?? 0, tune.long() ?? 0)
        let limit = wish == 0 ? 131_072 : min(wish, 131_072)
        guard limit >= 4_096 else { throw BrokerTrouble(.lost, "the answer is not AMQP 0-9-1") }
        let tuned = AMQPFrame.method(.tuneOk, on: 0) { writer in
            writer.add(channels)
            writer.add(limit)
            // The connection ends before the first heartbeat would be due.
            writer.add(UInt16(0))
        }
        let opened = AMQPFrame.method(.open, on: 0) { writer in
            writer.addShort(virtualHost)
            writer.addShort("")
            writer.add(UInt8(0))
        }
        try await link.write(tuned.bytes + opened.bytes)
        _ = try await answer(.openOk, &link)
        try await link.write(AMQPFrame.method(.channelOpen, on: 1) { $0.addShort("") }.bytes)
        _ = try await answer(.channelOpenOk, &link)
        try await link.write(AMQPFrame.method(.select, on: 1) { $0.add(UInt8(0)) }.bytes)
        _ = try await answer(.selectOk, &link)
        return Int(limit) - 8
    }

    /// RabbitMQ says why it refuses a login to those who say that they understand it.
    private var startOk: AMQPFrame {
        AMQPFrame.method(.startOk, on: 0) { writer in
            writer.addTable { table in
                table.addShort("capabilities")
                table.add(UInt8(ascii: "F"))
                table.addTable { $0.addFlag("authentication_failure_close", true) }
                table.addShort("product")
                table.add(UInt8(ascii: "S"))
                table.addLong("rollguard")
            }
            writer.addShort("PLAIN")
            writer.addLong("\0\(login.user ?? "guest")\0\(login.password ?? "guest")")
            writer.addShort("en_US")
        }
    }

    // MARK: The message

    /// The method, the header, and the body in parts.
    static func frames(
        _ message: BrokerMessage, _ exchange: String, _ routingKey: String, limit: Int
    ) -> [AMQPFrame] {
        let publish = AMQPFrame.method(.publish, on: 1) { writer in
            writer.add(UInt16(0))
            writer.addShort(exchange)
            writer.addShort(routingKey)
            // Mandatory.
            writer.add(UInt8(1))
        }
        let header = AMQPFrame(type: AMQPFrame.header, channel: 1, payload: properties(message))
        let parts = stride(from: 0, to: message.body.count, by: max(1, limit)).map { start in
            AMQPFrame(
                type: AMQPFrame.body, channel: 1,
                payload: Array(message.body[start..<min(start + limit, message.body.count)]))
        }
        return [publish, header] + parts
    }

    /// The content type, delivery mode 2 (persistent), the message's id, its type, and the application's name.
    private static func properties(_ message: BrokerMessage) -> [UInt8] {
        var writer = AMQPWriter()
        writer.add(UInt16(60))
        writer.add(UInt16(0))
        writer.add(UInt64(message.body.count))
        writer.add(UInt16(1 << 15 | 1 << 12 | 1 << 7 | 1 << 5 | 1 << 3))
        writer.addShort(BrokerMessage.contentType)
        writer.add(UInt8(2))
        writer.addShort(message.id)
        writer.addShort(message.type)
        writer.addShort("rollguard")
        return writer.bytes
    }

    private static let closing = AMQPFrame.method(.close, on: 0) { writer in
        writer.add(UInt16(200))
        writer.addShort("")
        writer.add(UInt16(0))
        writer.add(UInt16(0))
    }

    // MARK: Answers

    private func confirmed(_ link: inout BrokerLink) async throws {
        var returned: String?
        while true {
            guard let (method, arguments) = try await frame(&link).called else { continue }
            switch method {
            case .returned: returned = Self.reason(arguments)
            case .ack:
                guard let returned else { return }
                // It is acknowledged, and thrown away.
                throw BrokerTrouble(.unreachable, "no queue takes the message (\(returned)): bind one to the exchange")
            case .nack: throw BrokerTrouble(.lost, "the broker could not store the message")
            default: try Self.expect(nil, method, arguments)
            }
        }
    }

    /// Waits for a method; what comes before it is passed over, but for a refusal.
    private func answer(_ wanted: AMQPMethod, _ link: inout BrokerLink) async throws -> AMQPReader {
        while true {
            guard let (method, arguments) = try await frame(&link).called else { continue }
            if method == wanted { return arguments }
            try Self.expect(wanted, method, arguments)
        }
    }

    /// - Throws: what a method that ends the channel or the connection says.
    private static func expect(_ wanted: AMQPMethod?, _ method: AMQPMethod, _ arguments: AMQPReader) throws {
        guard method == .close || method == .channelClose else { return }
        let text = reason(arguments)
        throw BrokerTrouble(text.hasPrefix("403") || text.hasPrefix("530") ? .forbidden : .unreachable, text)
    }

    /// A code and a text, as `basic.return` and both methods that close have them.
    private static func reason(_ arguments: AMQPReader) -> String {
        var arguments = arguments
        return "\(arguments.short() ?? 0) \(String((arguments.shortText() ?? "").prefix(200)))"
    }

    private func frame(_ link: inout BrokerLink) async throws -> AMQPFrame {
        var head = AMQPReader(try await link.bytes(7))
        let type = head.byte() ?? 0
        let channel = head.short() ?? 0
        // A server of another version answers with the header of its own.
        guard type != UInt8(ascii: "A"), let count = head.long(), count <= 1 << 18 else {
            throw BrokerTrouble(.unreachable, "it does not speak AMQP 0-9-1")
        }
        let payload = try await link.bytes(Int(count) + 1)
        guard payload.last == AMQPFrame.end else { throw BrokerTrouble(.unreachable, "it does not speak AMQP 0-9-1") }
        return AMQPFrame(type: type, channel: channel, payload: Array(payload.dropLast()))
    }
}
