import Model
import Ports
import Testing

@testable import Brokers

@Suite("AMQP")
struct AMQPTalkTests {
    private static func method(
        _ method: AMQPMethod, _ channel: UInt16 = 0, _ body: (inout AMQPWriter) -> Void = { _ in }
    )
        -> [UInt8]
    { AMQPFrame.method(method, on: channel, body).bytes }

    private static func closing(_ method: AMQPMethod, _ code: UInt16, _ text: String) -> [UInt8] {
        Self.method(method, method == .close ? 0 : 1) { writer in
            writer.add(code)
            writer.addShort(text)
            writer.add(UInt32(0))
        }
    }

    private static let start = method(.start) { $0.add(UInt16(9)) }
    private static let tune = method(.tune) { writer in
        writer.add(UInt16(2_047))
        writer.add(UInt32(131_072))
        writer.add(UInt16(60))
    }
    private static let open: [[UInt8]?] = [
        [], start, tune, method(.openOk), method(.channelOpenOk, 1), method(.selectOk, 1),
    ]
    private static let ack = method(.ack, 1) { $0.add(UInt64(1)) }

    private func publish(_ script: [[UInt8]?], body: String = "{}") async throws -> (BrokerOutcome, String) {
        let server = try await ScriptedBroker(script)
        let address = BrokerAddress(
            scheme: .amqp, host: "127.0.0.1", port: server.port,
            security: ClientSecurity(authorization: .basic(user: "ann", password: .file("/p"))), timeoutMs: 60_000)
        let message = BrokerMessage.sample(.exchange("rel", routingKey: "checkout.x", virtualHost: "/"), body: body)
        let outcome = await Brokers(secrets: FixedSecrets()).publish(message, at: address)
        await server.stop()
        return (outcome, server.received)
    }

    @Test func theConfirmIsTheReceipt() async throws {
        let (outcome, sent) = try await publish(Self.open + [Self.ack])
        #expect(outcome == .stored(isDuplicate: false))
        #expect(sent.hasPrefix("AMQP\0\0\u{9}\u{1}") && sent.contains("\0ann\0s3cret"))
        #expect(sent.contains("ab12-17-bus") && sent.contains("rollguard.rollback_intended.v1"))
    }

    @Test func aMessageThatNoQueueGetsIsNotDelivered() async throws {
        let returned = Self.method(.returned, 1) { writer in
            writer.add(UInt16(312))
            writer.addShort("NO_ROUTE")
            writer.addShort("rel")
            writer.addShort("checkout.x")
        }
        let (outcome, _) = try await publish(Self.open + [returned + Self.ack])
        guard case .failed(let reason) = outcome else { return #expect(Bool(false), "\(outcome)") }
        #expect(reason.contains("312 NO_ROUTE"))
    }

    @Test(arguments: [
        (open + [closing(.channelClose, 404, "NOT_FOUND - no exchange 'rel'")], "failed", "404"),
        (open + [closing(.channelClose, 403, "ACCESS_REFUSED")], "forbidden", "403"),
        ([[], start, closing(.close, 403, "ACCESS_REFUSED - Login was refused")], "forbidden", "Login was refused"),
        ([[], start, tune, closing(.close, 530, "NOT_ALLOWED - vhost")], "forbidden", "530"),
        (open + [method(.nack, 1) { $0.add(UInt64(1)) }], "failed", "could not store"),
        (open + [nil], "failed", "closed"), ([[], nil], "failed", "closed"),
        ([[], Array("AMQP".utf8) + [0, 0, 9, 1]], "failed", "does not speak"),
    ])
    func everythingElseIsNoReceipt(_ script: [[UInt8]?], _ expected: String, _ text: String) async throws {
        let (outcome, _) = try await publish(script)
        #expect("\(outcome)".hasPrefix(expected) && "\(outcome)".contains(text), "\(outcome)")
        #expect(!"\(outcome)".contains("s3cret"))
    }

    /// Frames are no longer than what the server takes (AMQP 0-9-1, section 4.2.3).
    @Test func aLongBodyIsInParts() {
        let message = BrokerMessage.sample(
            .exchange("", routingKey: "q", virtualHost: "/"), body: String(repeating: "灰", count: 10_000))
        let frames = AMQPTalk.frames(message, "", "q", limit: 4_088)
        #expect(
            frames.map(\.type) == [AMQPFrame.method, AMQPFrame.header] + Array(repeating: AMQPFrame.body, count: 8))
        #expect(frames.dropFirst(2).flatMap(\.payload) == message.body)
        #expect(frames.allSatisfy { $0.payload.count <= 4_088 })
    }
}
