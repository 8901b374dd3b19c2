import Model
import Ports
import Testing

@testable import Brokers

@Suite("NATS")
struct NATSTalkTests {
    private static let info =
        #"INFO {"server_id":"N","version":"2.15.1","headers":true,"max_payload":1048576}"# + "\r\n"

    private static func answer(_ json: String) -> String { "+OK\r\nMSG _INBOX.x 1 \(json.utf8.count)\r\n\(json)\r\n" }

    private func publish(
        _ script: [String?], auth: Authorization? = nil, id: String = "ab12-17-bus", subject: String = "r.checkout"
    ) async throws -> (outcome: BrokerOutcome, sent: String) {
        let server = try await ScriptedBroker(script.map { $0.map { Array($0.utf8) } })
        let address = BrokerAddress(
            scheme: .nats, host: "127.0.0.1", port: server.port, security: ClientSecurity(authorization: auth),
            timeoutMs: 60_000)
        let outcome = await Brokers(secrets: FixedSecrets())
            .publish(.sample(.subject(subject), id: id), at: address)
        await server.stop()
        return (outcome, server.received)
    }

    @Test(arguments: [
        (#"{"stream":"REL","seq":3}"#, BrokerOutcome.stored(isDuplicate: false)),
        (#"{"stream":"REL","seq":3,"duplicate":true}"#, .stored(isDuplicate: true)),
    ])
    func theAckOfTheStreamIsTheReceipt(_ ack: String, _ expected: BrokerOutcome) async throws {
        let (outcome, sent) = try await publish([Self.info, "PONG\r\n", Self.answer(ack)])
        #expect(outcome == expected)
        #expect(sent.contains("HPUB r.checkout _INBOX.rollguard.") && sent.contains("\r\nNats-Msg-Id: ab12-17-bus\r\n"))
    }

    @Test(arguments: [
        (#"{"error":{"code":503,"err_code":10077,"description":"insufficient storage"}}"#, "failed"),
        (#"{"error":{"code":400,"err_code":10054,"description":"message size exceeds maximum"}}"#, "refused"),
        (#"{"hello":1}"#, "failed"), ("no JSON", "failed"),
    ])
    func anErrorIsNoReceipt(_ answer: String, _ expected: String) async throws {
        let (outcome, _) = try await publish([Self.info, "PONG\r\n", Self.answer(answer)])
        #expect("\(outcome)".hasPrefix(expected), "\(outcome)")
    }

    @Test func aSubjectThatNoStreamTakesIsNoSuccess() async throws {
        let head = "NATS/1.0 503\r\n\r\n"
        let (outcome, _) = try await publish([
            Self.info, "PONG\r\n", "HMSG _INBOX.x 1 \(head.utf8.count) \(head.utf8.count)\r\n\(head)\r\n",
        ])
        guard case .failed(let reason) = outcome else { return #expect(Bool(false), "\(outcome)") }
        #expect(reason.contains("no stream"))
    }

    @Test func aLoginIsSentAndARefusalOfItIsKnown() async throws {
        let (outcome, sent) = try await publish(
            [Self.info, "-ERR 'Authorization Violation'\r\n"], auth: .basic(user: "ann", password: .file("/p")))
        guard case .forbidden(let reason) = outcome else { return #expect(Bool(false), "\(outcome)") }
        #expect(sent.contains(#""pass":"s3cret""#) && sent.contains(#""user":"ann""#) && !reason.contains("s3cret"))
    }

    @Test(arguments: [[nil], [info, nil], [info, "PONG\r\n", nil], ["HTTP/1.1 400 Bad Request\r\n\r\n"]])
    func aConnectionThatEndsIsAFailure(_ script: [String?]) async throws {
        let (outcome, _) = try await publish(script)
        guard case .failed = outcome else { return #expect(Bool(false), "\(outcome)") }
    }

    @Test func aServerThatNeverAnswersCostsTheTimeout() async throws {
        let server = try await ScriptedBroker([Array(Self.info.utf8)])
        let address = BrokerAddress(scheme: .nats, host: "127.0.0.1", port: server.port, timeoutMs: 200)
        let outcome = await Brokers(secrets: FixedSecrets()).publish(.sample(.subject("a")), at: address)
        await server.stop()
        guard case .failed(let reason) = outcome else { return #expect(Bool(false), "\(outcome)") }
        #expect(reason.contains("no answer within 200 ms"), "\(reason)")
    }

    /// A line break in an id or a subject would be a command of its own.
    @Test func nothingIsForged() async throws {
        let ack = Self.answer(#"{"stream":"REL","seq":3}"#)
        let (outcome, sent) = try await publish([Self.info, "PONG\r\n", ack], id: "x\r\nPUB evil 0\r\n")
        #expect(outcome == .stored(isDuplicate: false) && !sent.contains("\r\nPUB evil"))
        for subject in ["a b", "a.*", "a.>", "", "a\r\nPUB x 0"] {
            let (outcome, sent) = try await publish([Self.info], subject: subject)
            guard case .refused = outcome else { return #expect(Bool(false), "\(outcome)") }
            #expect(sent.isEmpty)
        }
    }
}
