import Foundation
import HTTPClient
import Model
import PlanSteps
import Ports
import Testing

@testable import Brokers

/// A real RabbitMQ with its management API, in a folder, with an epmd of its own that goes with it.
struct LiveRabbitMQ {
    let folder: URL
    let port: Int
    let management: String
    private let environment: [String: String]
    private let names: RealProgram
    var program: RealProgram

    static let transport = CurlTransport(userAgent: "Rollguard tests", secrets: FixedSecrets(text: "guest"))

    static func start() async throws -> LiveRabbitMQ {
        let folder = try Scratch.folder()
        let (port, api, distribution, names) = (
            try Scratch.port(), try Scratch.port(), try Scratch.port(), try Scratch.port()
        )
        try """
        listeners.tcp.1 = 127.0.0.1:\(port)
        management.tcp.ip = 127.0.0.1
        management.tcp.port = \(api)
        """.write(toFile: "\(folder.path)/rabbitmq.conf", atomically: true, encoding: .utf8)
        try "[rabbitmq_management].".write(
            toFile: "\(folder.path)/enabled_plugins", atomically: true, encoding: .utf8)
        try "[{kernel, [{inet_dist_use_interface, {127,0,0,1}}]}].".write(
            toFile: "\(folder.path)/advanced.config", atomically: true, encoding: .utf8)
        let environment = [
            "HOME": folder.path, "RABBITMQ_NODENAME": "rollguard\(port)@localhost",
            "RABBITMQ_MNESIA_BASE": "\(folder.path)/mnesia", "RABBITMQ_LOG_BASE": folder.path,
            "RABBITMQ_CONFIG_FILE": "\(folder.path)/rabbitmq.conf",
            "RABBITMQ_ADVANCED_CONFIG_FILE": "\(folder.path)/advanced.config",
            "RABBITMQ_ENABLED_PLUGINS_FILE": "\(folder.path)/enabled_plugins",
            "RABBITMQ_PID_FILE": "\(folder.path)/pid", "RABBITMQ_DIST_PORT": "\(distribution)",
            "ERL_EPMD_ADDRESS": "127.0.0.1", "ERL_EPMD_PORT": "\(names)",
        ]
        let epmd = try RealProgram(
            "epmd", ["-port", "\(names)", "-address", "127.0.0.1", "-relaxed_command_check"], folder: folder)
        let live = LiveRabbitMQ(
            folder: folder, port: port, management: "http://127.0.0.1:\(api)", environment: environment, names: epmd,
            program: try RealProgram("rabbitmq-server", [], folder: folder, environment: environment))
        do { try await live.waitUntilUp() } catch {
            await live.stop()
            throw error
        }
        return live
    }

    private func waitUntilUp() async throws {
        let isUp = await eventually(2_400) { try await api("GET", "aliveness-test/%2F").status == 200 }
        try #require(isUp, "\(program.text)")
    }

    /// Kills the broker, with all of its processes.
    func kill9() async {
        let path = "\(folder.path)/pid"
        let text = (try? String(contentsOfFile: path, encoding: .utf8)) ?? ""
        // A later process may get the same number.
        try? FileManager.default.removeItem(atPath: path)
        if let own = Int32(text.trimmingCharacters(in: .whitespacesAndNewlines)), own > 1 { kill(own, SIGKILL) }
        await program.kill9()
    }

    mutating func startAgain() async throws {
        program = try RealProgram("rabbitmq-server", [], folder: folder, environment: environment)
        try await waitUntilUp()
    }

    func stop() async {
        await kill9()
        await names.kill9()
        try? FileManager.default.removeItem(at: folder)
    }

    @discardableResult
    func api(_ method: String, _ path: String, _ body: String? = nil) async throws -> (status: Int, body: [UInt8]) {
        var response = try await LiveRabbitMQ.transport.send(
            HTTPRequest(
                method: method, url: "\(management)/api/\(path)",
                headers: [TextPair("Content-Type", "application/json")], body: body.map { Array($0.utf8) },
                timeoutMs: 5_000,
                security: ClientSecurity(authorization: .basic(user: "guest", password: .file("/p")))))
        return (response.status, response.takeBody())
    }
}

@Suite(
    "A real RabbitMQ", .serialized,
    .enabled(if: Programs.has("rabbitmq-server") && Programs.has("epmd"), "rabbitmq-server is not installed"))
struct LiveRabbitMQTests {
    private static let brokers = Brokers(secrets: FixedSecrets(text: "guest"))

    private func message(_ number: Int, _ exchange: String = "rel") -> BrokerMessage {
        .sample(
            .exchange(exchange, routingKey: "checkout.x", virtualHost: "/"), id: "ab12-\(number)-bus",
            body: "{\"n\":\(number)}")
    }

    /// One broker for all, because it takes long to start.
    @Test func messagesAreConfirmedAndConsumersPaused() async throws {
        var live = try await LiveRabbitMQ.start()
        let address = BrokerAddress(
            scheme: .amqp, host: "127.0.0.1", port: live.port,
            security: ClientSecurity(authorization: .basic(user: "guest", password: .file("/p"))), timeoutMs: 60_000)
        try await refusals(live, address)
        try await storesAndKeeps(&live, address)
        try await pauses(live)
        await live.stop()
    }

    private func refusals(_ live: LiveRabbitMQ, _ address: BrokerAddress) async throws {
        let missing = await Self.brokers.publish(message(0), at: address)
        guard case .failed(let reason) = missing else { return #expect(Bool(false), "\(missing)") }
        #expect(reason.contains("404"))
        try await live.api("PUT", "exchanges/%2F/rel", #"{"type":"topic","durable":true}"#)
        let unbound = await Self.brokers.publish(message(0), at: address)
        guard case .failed(let reason) = unbound else { return #expect(Bool(false), "\(unbound)") }
        #expect(reason.contains("NO_ROUTE"))
        let stranger = Brokers(secrets: FixedSecrets(text: "wrong"))
        guard case .forbidden = await stranger.publish(message(0), at: address) else { return #expect(Bool(false)) }
    }

    /// A message comes once more where the answer was lost; its id is the same.
    private func storesAndKeeps(_ live: inout LiveRabbitMQ, _ address: BrokerAddress) async throws {
        try await live.api("PUT", "queues/%2F/q", #"{"durable":true}"#)
        try await live.api("POST", "bindings/%2F/e/rel/q/q", ##"{"routing_key":"#"}"##)
        for number in 0..<20 {
            if number == 10 {
                await live.kill9()
                guard case .failed = await Self.brokers.publish(message(number), at: address) else {
                    return #expect(Bool(false))
                }
                try await live.startAgain()
            }
            #expect(await Self.brokers.publish(message(number), at: address) == .stored(isDuplicate: false))
        }
        _ = await Self.brokers.publish(message(19), at: address)
        let answer = try await live.api(
            "POST", "queues/%2F/q/get", #"{"count":100,"ackmode":"ack_requeue_false","encoding":"auto"}"#)
        let got = try #require(try JSONSerialization.jsonObject(with: Data(answer.body)) as? [[String: Any]])
        let ids = got.compactMap { ($0["properties"] as? [String: Any])?["message_id"] as? String }
        #expect(ids == (0..<20).map { "ab12-\($0)-bus" } + ["ab12-19-bus"])
        let properties = got.first?["properties"] as? [String: Any]
        #expect(properties?["delivery_mode"] as? Int == 2 && got.first?["payload"] as? String == "{\"n\":0}")
    }

    private func pauses(_ live: LiveRabbitMQ) async throws {
        try await live.api("PUT", "users/canary", #"{"password":"c","tags":""}"#)
        try await live.api(
            "PUT", "permissions/%2F/canary", #"{"configure":"","write":"w","read":"q.*"}"#)
        let consumer = try RealProgram(
            "python3",
            ["\(Programs.root)/Tests/BrokersTests/Programs/consume_rabbitmq.py", "\(live.port)", "canary", "c", "q"],
            folder: live.folder)
        let steps = StepDrivers(StepSetup(transport: LiveRabbitMQ.transport, directory: nil))
        var work = ConsumersWork(
            broker: .rabbitmq, url: live.management, user: "canary", readPattern: "q.*",
            security: ClientSecurity(authorization: .basic(user: "guest", password: .file("/p"))))
        let isThere = await eventually { await steps.check(call(work)).text.contains("may read q.*") }
        #expect(isThere)
        let consumes = await eventually {
            let answer = try await live.api("GET", "consumers/%2F")
            return String(decoding: answer.body, as: UTF8.self).contains("canary")
        }
        #expect(consumes, "\(consumer.text)")
        for _ in 0..<2 {
            let paused = await steps.run(call(work))
            #expect(name(paused) == "done" && paused.text.contains("connections are closed"), "\(paused)")
        }
        let isProved = await eventually { name(await steps.check(call(work))) == "proved" }
        let shown = await steps.check(call(work))
        #expect(isProved, "\(shown)")
        let rights = try await live.api("GET", "permissions/%2F/canary")
        #expect(object(rights.body)?["write"] as? String == "w" && object(rights.body)?["read"] as? String == "^$")
        work.action = .resume
        let resumed = await steps.run(call(work))
        #expect(name(resumed) == "done", "\(resumed)")
        #expect(name(await steps.check(call(work))) == "proved")
        work.action = .pause
        let again = await eventually { name(await steps.check(call(work))) == "notProved" }
        #expect(again)
        work.user = "gone"
        #expect(name(await steps.run(call(work))) == "refused")
        await consumer.kill9()
    }
}
