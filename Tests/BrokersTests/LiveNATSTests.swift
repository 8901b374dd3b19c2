import Foundation
import Model
import PlanSteps
import Ports
import Testing

@testable import Brokers

/// A real nats-server with JetStream in a folder.
struct LiveNATS {
    let folder: URL
    let port: Int
    let program: RealProgram
    let address: BrokerAddress
    let brokers = Brokers(secrets: FixedSecrets())

    static func start(
        folder: URL, port: Int, extra: String = "", security: ClientSecurity = ClientSecurity(),
        scheme: BrokerAddress.Scheme = .nats
    ) async throws -> LiveNATS {
        let path = folder.appendingPathComponent("n.conf").path
        try "listen: 127.0.0.1:\(port)\njetstream { store_dir: \"\(folder.path)/js\" }\n\(extra)\n"
            .write(toFile: path, atomically: true, encoding: .utf8)
        let live = LiveNATS(
            folder: folder, port: port, program: try RealProgram("nats-server", ["-c", path], folder: folder),
            address: BrokerAddress(
                scheme: scheme, host: "127.0.0.1", port: port, security: security, timeoutMs: 60_000))
        let isUp = await eventually {
            if case .answered = await live.brokers.ask("$JS.API.INFO", [], at: live.address) { true } else { false }
        }
        try #require(isUp, "\(live.program.text)")
        return live
    }

    func ask(_ subject: String, _ body: String = "") async throws -> [String: Any] {
        let answer = await brokers.ask(subject, Array(body.utf8), at: address)
        guard case .answered(let bytes) = answer else { throw Failure("\(subject): \(answer)") }
        return try #require(object(bytes))
    }

    struct Failure: Error {
        let text: String

        init(_ text: String) { self.text = text }
    }

    func makeStream(_ more: String = "") async throws {
        let answer = try await ask(
            "$JS.API.STREAM.CREATE.REL",
            #"{"name":"REL","subjects":["rel.>"],"storage":"file","num_replicas":1\#(more)}"#)
        #expect(answer["error"] == nil, "\(answer)")
    }

    /// The bodies in the stream, in its order.
    func stored() async throws -> [String] {
        let state = try await ask("$JS.API.STREAM.INFO.REL")["state"] as? [String: Any]
        let count = state?["messages"] as? Int ?? 0
        var all: [String] = []
        for number in 0..<count {
            let answer = try await ask("$JS.API.STREAM.MSG.GET.REL", #"{"seq":\#(number + 1)}"#)
            let data = (answer["message"] as? [String: Any])?["data"] as? String ?? ""
            all.append(String(decoding: Data(base64Encoded: data) ?? Data(), as: UTF8.self))
        }
        return all
    }
}

@Suite("A real NATS", .serialized, .enabled(if: Programs.has("nats-server"), "nats-server is not installed"))
struct LiveNATSTests {
    private func message(_ number: Int) -> BrokerMessage {
        .sample(.subject("rel.checkout"), id: "ab12-\(number)-bus", body: "{\"n\":\(number)}")
    }

    /// The broker is killed in the middle. What was not acknowledged is published again; doubles are recognised.
    @Test func everyMessageIsStoredOnceAndInOrder() async throws {
        let (folder, port) = (try Scratch.folder(), try Scratch.port())
        var live = try await LiveNATS.start(folder: folder, port: port)
        let missing = await live.brokers.publish(message(0), at: live.address)
        guard case .failed(let reason) = missing else { return #expect(Bool(false), "\(missing)") }
        #expect(reason.contains("no stream"))
        try await live.makeStream()
        for number in 0..<40 {
            if number == 20 {
                await live.program.kill9()
                let down = await live.brokers.publish(message(number), at: live.address)
                guard case .failed = down else { return #expect(Bool(false), "\(down)") }
                live = try await LiveNATS.start(folder: folder, port: port)
            }
            var outcomes: [BrokerOutcome] = []
            for _ in 0..<2 { outcomes.append(await live.brokers.publish(message(number), at: live.address)) }
            #expect(outcomes == [.stored(isDuplicate: false), .stored(isDuplicate: true)], "message \(number)")
        }
        #expect(try await live.stored() == (0..<40).map { "{\"n\":\($0)}" })
        await live.program.kill9()
        try FileManager.default.removeItem(at: folder)
    }

    @Test func loginsAreChecked() async throws {
        let folder = try Scratch.folder()
        let right = ClientSecurity(authorization: .basic(user: "ann", password: .file("/p")))
        let live = try await LiveNATS.start(
            folder: folder, port: try Scratch.port(), extra: "authorization { user: ann, password: s3cret }",
            security: right)
        var wrong = live.address
        for authorization in [nil, Authorization.basic(user: "eve", password: .file("/p"))] {
            wrong.security.authorization = authorization
            let outcome = await live.brokers.publish(message(0), at: wrong)
            guard case .forbidden = outcome else { return #expect(Bool(false), "\(outcome)") }
        }
        await live.program.kill9()
        try FileManager.default.removeItem(at: folder)
    }

    @Test(.enabled(if: Programs.has("openssl"), "openssl is not installed"))
    func tlsIsVerified() async throws {
        let (folder, port) = (try Scratch.folder(), try Scratch.port())
        let (key, certificate) = ("\(folder.path)/key.pem", "\(folder.path)/cert.pem")
        let made = try RealProgram(
            "openssl",
            ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", key]
                + [
                    "-out", certificate, "-days", "1", "-subj", "/CN=localhost", "-addext",
                    "subjectAltName=IP:127.0.0.1",
                ],
            folder: folder)
        #expect(await eventually { FileManager.default.fileExists(atPath: certificate) }, "\(made.text)")
        await made.end()
        let live = try await LiveNATS.start(
            folder: folder, port: port, extra: "tls { cert_file: \"\(certificate)\", key_file: \"\(key)\" }",
            security: ClientSecurity(caFile: certificate), scheme: .natsTLS)
        try await live.makeStream()
        #expect(await live.brokers.publish(message(1), at: live.address) == .stored(isDuplicate: false))
        var strict = live.address
        strict.security = ClientSecurity()
        for address in [strict, BrokerAddress(scheme: .nats, host: "127.0.0.1", port: port)] {
            let outcome = await live.brokers.publish(message(2), at: address)
            guard case .failed = outcome else { return #expect(Bool(false), "\(outcome)") }
        }
        await live.program.kill9()
        try FileManager.default.removeItem(at: folder)
    }

    /// Paused, it gets nothing; what it has in hand keeps the step from being proved; twice is like once.
    @Test func aConsumerIsPausedAndContinues() async throws {
        let folder = try Scratch.folder()
        let live = try await LiveNATS.start(folder: folder, port: try Scratch.port())
        try await live.makeStream()
        let made = try await live.ask(
            "$JS.API.CONSUMER.CREATE.REL.canary",
            #"{"stream_name":"REL","config":{"durable_name":"canary","name":"canary","ack_policy":"explicit"}}"#)
        #expect(made["error"] == nil, "\(made)")
        for number in 0..<3 { _ = await live.brokers.publish(message(number), at: live.address) }
        let steps = StepDrivers(
            StepSetup(
                transport: NoTransport(), directory: nil, brokers: live.brokers,
                wallMs: { Int64(Date().timeIntervalSince1970 * 1_000) }))
        var work = ConsumersWork(url: live.address.text, stream: "REL", consumer: "canary", pauseMs: 3_600_000)
        #expect(name(await steps.check(call(work))) == "notProved")
        for _ in 0..<2 {
            let paused = await steps.run(call(work))
            #expect(name(paused) == "done" && paused.text.hasPrefix("paused until 20"), "\(paused)")
        }
        #expect(await steps.check(call(work)) == .proved("paused, 3 wait, 0 in hand"))
        var quick = live.address
        quick.timeoutMs = 300
        let next = "$JS.API.CONSUMER.MSG.NEXT.REL.canary"
        guard case .lost = await live.brokers.ask(next, [], at: quick) else {
            return #expect(Bool(false), "a consumer that is paused got a message")
        }
        work.action = .resume
        #expect(await steps.run(call(work)) == .done("not paused"))
        #expect(name(await steps.check(call(work))) == "proved")
        guard case .answered = await live.brokers.ask(next, [], at: live.address) else {
            return #expect(Bool(false), "a consumer that continues got no message")
        }
        work.action = .pause
        _ = await steps.run(call(work))
        let inHand = await steps.check(call(work))
        #expect(name(inHand) == "notProved" && inHand.text.contains("1 in hand"), "\(inHand)")
        work.consumer = "gone"
        #expect(name(await steps.run(call(work))) == "refused")
        #expect(name(await steps.check(call(work))) == "unreadable")
        await live.program.kill9()
        #expect(name(await steps.run(call(work))) == "failed")
        try FileManager.default.removeItem(at: folder)
    }
}

/// A call of a step that pauses consumers.
func call(_ work: ConsumersWork) -> StepCall {
    StepCall(
        release: "checkout", incident: "checkout-17", number: 1,
        step: ProcedureStep(name: "pause", work: .consumers(work), timeoutMs: 9_000), attempt: 1, baselineVersion: "v1",
        canaryVersion: "v2")
}

/// The case of an answer.
func name(_ answer: StepAnswer) -> String { String("\(answer)".prefix { $0 != "(" }) }

/// Is asked nothing.
struct NoTransport: HTTPTransport {
    func send(_ request: HTTPRequest) async throws(TransportError) -> HTTPResponse { throw .closed }
}
