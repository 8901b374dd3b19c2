import Brokers
import DemoWorld
import Foundation
import Model
import Ports
import Testing

/// Events of releases in a real broker, while the daemon and the broker are killed.
@Suite(
    "Events in a stream", .serialized,
    .enabled(if: Executable.path != nil, "the executable is not built"),
    .enabled(if: BrokerWorld.isThere, "nats-server and nats-py are not installed"))
struct QueueTests {
    /// Six rollbacks by an operator, each with its end, while something is killed in each turn. Nothing is lost, what comes
    /// twice is recognised by its id, and the order is that of the journal.
    @Test func nothingIsLostWhileDaemonAndBrokerAreKilled() async throws {
        let world = try await BrokerWorld.start(plan: "")
        var daemon = try await world.daemon()
        for turn in 0..<6 {
            try await world.live.setCanaryBasisPoints(3_000)
            try await world.command(["rollback", "checkout", "--reason", "turn \(turn)", "--no-wait"])
            if turn.isMultiple(of: 2) { await world.broker.kill9() }
            await daemon.kill9()
            daemon = try await world.daemon()
            if turn.isMultiple(of: 2) { try await world.startBroker() }
            #expect(await world.eventuallyAcknowledged(turn + 1), "\(daemon.text)")
            try await world.command(["rearm", "checkout", "--reason", "turn \(turn)"])
        }
        let isAllThere = await eventually(20) {
            let wanted = await world.webhookNumbers()
            let found = try await world.consumed().map(\.sequence)
            return wanted.count >= 18 && Set(found) == Set(wanted)
        }
        let consumed = try await world.consumed()
        let wanted = await world.webhookNumbers()
        #expect(isAllThere, "\(consumed) \(wanted)\n\(daemon.text)")
        let applied = consumed.filter { $0.outcome == "applied" }
        #expect(applied.map(\.sequence) == Array(Set(wanted)).sorted(), "each once, and in the order of the journal")
        let doubles = consumed.filter { $0.outcome == "double" }
        #expect(applied.count + doubles.count == consumed.count && Set(applied.map(\.id)).count == applied.count)
        #expect(Set(doubles.map(\.id)).isSubset(of: Set(applied.map(\.id))))
        await daemon.kill9()
        await world.stop()
    }

    /// A bad canary: the consumer of the canary is paused, and the plan's event has the step's key.
    @Test func aPlanPausesTheConsumerAndPublishesItsEvent() async throws {
        let world = try await BrokerWorld.start(
            plan: """
                plan:
                      steps:
                        - {name: pause, kind: consumers, at: split, broker: nats, url: "nats://127.0.0.1:BROKER", stream: REL, consumer: canary, for: 1h}
                        - {name: announce, kind: event, at: split, to: bus, retries: 5, retry_after: 100ms, on_failure: continue}
                """)
        let daemon = try await world.daemon()
        await world.live.canary.setFault(.errors(share: 0.5))
        let isOver = await eventually { await world.live.deliveries()["plan_ended"] != nil }
        #expect(isOver, "\(daemon.text)")
        let info = try await world.ask("$JS.API.CONSUMER.INFO.REL.canary")
        #expect(info["paused"] as? Bool == true, "\(info)")
        let isThere = await eventually(20) { try await world.consumed().contains { $0.id.hasSuffix("/announce") } }
        let ids = try await world.consumed().map(\.id)
        #expect(isThere, "\(ids)")
        await daemon.kill9()
        await world.stop()
    }
}

extension LiveWorld {
    func setCanaryBasisPoints(_ points: Int) async throws {
        let answer = try await HTTP.send(
            "PUT", URL(string: "http://\(adminAddress)/api/v1/split")!, body: "{\"canary_basis_points\":\(points)}")
        #expect(answer.status == 200, "\(answer.text)")
    }
}

/// A live world whose daemon also publishes to a nats-server.
final class BrokerWorld: @unchecked Sendable {
    // @unchecked: each test drives its own from one task.
    private static let venv = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appendingPathComponent(".routers-venv/bin").path
    private static let example = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent(
            "docs/examples/release_events.py"
        ).path

    static var isThere: Bool {
        ProcessInfo.processInfo.environment["ROLLGUARD_EXPECTS_PROGRAMS"] == "1"
            || FileManager.default.isExecutableFile(atPath: venv + "/nats-server")
    }

    let live: LiveWorld
    private let port: Int
    private(set) var broker: Executable
    private var lines: [Consumed] = []

    struct Consumed: Decodable {
        let id: String
        let outcome: String
        let sequence: Int?
    }

    private init(_ live: LiveWorld, _ port: Int, _ broker: Executable) {
        (self.live, self.port, self.broker) = (live, port, broker)
    }

    /// - Parameter plan: lines of the release; `BROKER` becomes the broker's port.
    static func start(plan: String) async throws -> BrokerWorld {
        let live = try await LiveWorld.start(extra: plan)
        let port = try Scratch.port()
        let text = try String(contentsOfFile: live.configurationPath, encoding: .utf8)
        let bus =
            "  - {name: bus, kind: nats, server: \"nats://127.0.0.1:\(port)\", subject: \"rel.{release}\", "
            + "retry: {min: 50ms, max: 200ms}}\n"
        try text.replacing("receivers:\n", with: "receivers:\n" + bus).replacing("BROKER", with: "\(port)")
            .write(toFile: live.configurationPath, atomically: true, encoding: .utf8)
        try "listen: 127.0.0.1:\(port)\njetstream { store_dir: \"\(live.folder.path)/js\" }\n"
            .write(toFile: live.folder.path + "/n.conf", atomically: true, encoding: .utf8)
        let world = BrokerWorld(live, port, try run(live))
        try await world.waitForBroker()
        // The shortest window in which the broker itself drops doubles: later ones reach the consumer.
        _ = try await world.ask(
            "$JS.API.STREAM.CREATE.REL",
            #"{"name":"REL","subjects":["rel.>"],"storage":"file","num_replicas":1,"duplicate_window":100000000}"#)
        for name in ["reader", "canary"] {
            _ = try await world.ask(
                "$JS.API.CONSUMER.CREATE.REL.\(name)",
                #"{"stream_name":"REL","config":{"durable_name":"\#(name)","name":"\#(name)","ack_policy":"explicit"}}"#
            )
        }
        return world
    }

    private static func run(_ live: LiveWorld) throws -> Executable {
        try Executable(program: venv + "/nats-server", ["-c", live.folder.path + "/n.conf"], folder: live.folder)
    }

    func startBroker() async throws {
        broker = try BrokerWorld.run(live)
        try await waitForBroker()
    }

    private func waitForBroker() async throws {
        let isUp = await eventually { try await ask("$JS.API.INFO")["error"] == nil }
        try #require(isUp, "\(broker.text)")
    }

    func ask(_ subject: String, _ body: String = "") async throws -> [String: Any] {
        let address = BrokerAddress(scheme: .nats, host: "127.0.0.1", port: port)
        guard
            case .answered(let bytes) = await Brokers(secrets: NoSecrets()).ask(subject, Array(body.utf8), at: address)
        else { throw CocoaError(.featureUnsupported) }
        return try #require(try JSONSerialization.jsonObject(with: Data(bytes)) as? [String: Any])
    }

    private struct NoSecrets: SecretStore {
        func secret(_ reference: SecretReference) throws(SecretError) -> String { "" }
    }

    func daemon() async throws -> Executable {
        let daemon = try Executable(["run", "--config", live.configurationPath], folder: live.folder)
        #expect(await eventually { daemon.text.contains("the API listens on") }, "\(daemon.text)")
        return daemon
    }

    func command(_ arguments: [String]) async throws {
        let command = try Executable(
            arguments + ["--socket", live.statePath + "/rollguard.sock"], folder: live.folder)
        let end = await command.end()
        #expect(end?.status == 0, "\(arguments): \(command.text)")
    }

    func eventuallyAcknowledged(_ count: Int) async -> Bool {
        await eventually { await live.deliveries()["rollback_acknowledged"]?.count ?? 0 >= count }
    }

    /// The numbers of the journal's entries that the webhook got.
    func webhookNumbers() async -> [Int] {
        await live.deliveries().values.flatMap(\.keys).compactMap { id in
            let parts = id.split(separator: "-")
            return parts.count > 2 ? Int(parts[parts.count - 2]) : nil
        }
    }

    /// What the example of the documentation did with each event, in the order in which it came. Reads on.
    func consumed() async throws -> [Consumed] {
        let reader = try Executable(
            program: BrokerWorld.venv + "/python3",
            [BrokerWorld.example, "nats://127.0.0.1:\(port)", "REL", "reader", live.folder.path + "/seen.db", "--all"],
            folder: live.folder)
        let end = await reader.end()
        try #require(end?.status == 0, "\(reader.text)")
        lines += try reader.text.split(separator: "\n").map {
            try JSONDecoder().decode(Consumed.self, from: Data($0.utf8))
        }
        return lines
    }

    func stop() async {
        await broker.kill9()
        await live.stop()
    }
}
