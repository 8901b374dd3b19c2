import Model
import Ports
import Testing

@testable import Brokers

@Suite("Streams of Redis")
struct RedisTalkTests {
    private func add(_ script: [String?], auth: Authorization? = nil) async throws -> (BrokerOutcome, String) {
        // Nothing comes before a client has spoken.
        let server = try await ScriptedBroker([[]] + script.map { $0.map { Array($0.utf8) } })
        let address = BrokerAddress(
            scheme: .redis, host: "127.0.0.1", port: server.port, security: ClientSecurity(authorization: auth),
            timeoutMs: 60_000)
        let message = BrokerMessage.sample(.stream("rel", length: 100, rememberedSeconds: 60))
        let outcome = await Brokers(secrets: FixedSecrets()).publish(message, at: address)
        await server.stop()
        return (outcome, server.received)
    }

    @Test(arguments: [("added 1-0", false), ("known 1-0", true)])
    func theScriptSaysWhetherTheEventWasKnown(_ answer: String, _ isDuplicate: Bool) async throws {
        let (outcome, sent) = try await add(["$\(answer.utf8.count)\r\n\(answer)\r\n"])
        #expect(outcome == .stored(isDuplicate: isDuplicate))
        #expect(sent.contains("$27\r\n{rel}:rollguard:ab12-17-bus\r\n"))
    }

    @Test(arguments: [
        ("-NOAUTH Authentication required.\r\n", "forbidden"), ("-NOPERM no\r\n", "forbidden"),
        ("-READONLY You can't write against a read only replica.\r\n", "failed"), ("-LOADING\r\n", "failed"),
        (":1\r\n", "failed"), ("$-1\r\n", "failed"), ("$99999999\r\n", "failed"), ("+OK\r\n", "failed"),
    ])
    func everythingElseIsNoReceipt(_ answer: String, _ expected: String) async throws {
        let (outcome, _) = try await add([answer])
        #expect("\(outcome)".hasPrefix(expected), "\(outcome)")
    }

    @Test func theLoginComesFirst() async throws {
        let (outcome, sent) = try await add(
            ["-WRONGPASS invalid\r\n"], auth: .basic(user: "ann", password: .file("/p")))
        guard case .forbidden = outcome else { return #expect(Bool(false), "\(outcome)") }
        #expect(sent == "*3\r\n$4\r\nAUTH\r\n$3\r\nann\r\n$6\r\ns3cret\r\n")
    }
}
