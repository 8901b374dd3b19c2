import Model
import NIOCore
import NIOPosix
import Ports
import Testing

@testable import Brokers

@Suite("Kafka's producers")
struct KafkaTests {
    static let record = BrokerMessage.sample(.topic("rel", key: "checkout"))

    static func address(
        _ port: Int = 9_092, _ scheme: BrokerAddress.Scheme = .kafka, timeoutMs: Int64 = 60_000,
        _ security: ClientSecurity = ClientSecurity()
    ) -> BrokerAddress {
        BrokerAddress(scheme: scheme, host: "127.0.0.1", port: port, security: security, timeoutMs: timeoutMs)
    }

    private func settings(_ broker: BrokerAddress, _ login: BrokerLogin = BrokerLogin()) throws -> [String: String] {
        let texts = try KafkaSettings(broker, login).texts
        let pairs = stride(from: 0, to: texts.count, by: 2).map { (texts[$0], texts[$0 + 1]) }
        return Dictionary(pairs) { $1 }
    }

    /// What decides whether an event can be lost, or stored twice by the producer itself.
    @Test func everyReplicaInSyncStoresARecordOnce() throws {
        var broker = Self.address(timeoutMs: 5_000)
        broker.members = ["b:9093", "[::1]:9092"]
        let settings = try settings(broker)
        #expect(settings["acks"] == "all" && settings["enable.idempotence"] == "true")
        #expect(settings["bootstrap.servers"] == "127.0.0.1:9092,b:9093,[::1]:9092")
        #expect(settings["message.timeout.ms"] == "5000" && settings["security.protocol"] == "plaintext")
        #expect(settings["sasl.username"] == nil)
        #expect(broker.text == "kafka://127.0.0.1:9092,b:9093,[::1]:9092")
    }

    @Test func theLoginAndTLSAreTheReceivers() throws {
        let security = ClientSecurity(caFile: "/ca", certificateFile: "/c", keyFile: "/k")
        let login = BrokerLogin(user: "ann", password: "s3cret")
        let inTLS = try settings(Self.address(9_093, .kafkas, security), login)
        #expect(inTLS["security.protocol"] == "sasl_ssl" && inTLS["sasl.mechanism"] == "PLAIN")
        #expect(inTLS["sasl.username"] == "ann" && inTLS["sasl.password"] == "s3cret")
        #expect(inTLS["ssl.ca.location"] == "/ca" && inTLS["ssl.endpoint.identification.algorithm"] == "https")
        #expect(inTLS["ssl.certificate.location"] == "/c" && inTLS["ssl.key.location"] == "/k")
        #expect(inTLS["enable.ssl.certificate.verification"] == nil)
        #expect(try settings(Self.address(), login)["security.protocol"] == "sasl_plaintext")
        let careless = try settings(Self.address(1, .kafkas, ClientSecurity(insecureSkipVerify: true)))
        #expect(careless["enable.ssl.certificate.verification"] == "false" && careless["security.protocol"] == "ssl")
        #expect(throws: BrokerTrouble.self) { try settings(Self.address(), BrokerLogin(password: "s3cret")) }
    }

    /// Codes of rdkafka.h, and what the outbox does with them.
    @Test(arguments: [
        (0, "stored"), (-192, "failed"), (-195, "failed"), (-187, "failed"), (-150, "failed"), (-181, "failed"),
        (5, "failed"), (6, "failed"), (7, "failed"), (19, "failed"), (20, "failed"), (45, "failed"),
        (-188, "refused"), (3, "refused"), (10, "refused"), (17, "refused"), (18, "refused"), (44, "refused"),
        (87, "refused"), (-186, "refused"), (-169, "forbidden"), (29, "forbidden"), (31, "forbidden"),
        (33, "forbidden"), (53, "forbidden"), (58, "forbidden"),
    ])
    func aCodeDecidesWhatFollows(_ code: Int, _ expected: String) {
        let outcome = KafkaMeaning.outcome(Int32(code), "text")
        #expect("\(outcome)".prefix { $0 != "(" } == expected)
    }

    @Test(arguments: [
        ("/nonexistent/librdkafka.so.1", "No such file"), ("libc.so.6", "there is no rd_kafka_conf_new"),
    ])
    func aLibraryThatIsMissingIsNamed(_ path: String, _ expected: String) async {
        let brokers = Brokers(secrets: FixedSecrets(), kafka: KafkaProducers(library: path))
        let outcome = await brokers.publish(Self.record, at: Self.address())
        guard case .failed(let text) = outcome else { return #expect(Bool(false), "\(outcome)") }
        #expect(text.contains("librdkafka1") && text.contains(expected), "\(text)")
    }
}

/// The library of the host, and the newer one that confluent-kafka brings, where they are.
enum KafkaLibraries {
    static let host: String? = (try? KafkaLibrary.load(KafkaLibrary.usualPath)) == nil ? nil : KafkaLibrary.usualPath
    static let newer = Programs.packaged("confluent_kafka.libs", startingWith: "librdkafka-")

    /// For tests of each; where the host's is expected they fail instead of being skipped.
    static var all: [String] {
        (Programs.expects || host != nil ? [KafkaLibrary.usualPath] : []) + [newer].compactMap(\.self)
    }
}

@Suite("librdkafka", .serialized, .enabled(if: !KafkaLibraries.all.isEmpty, "librdkafka1 is not installed"))
struct KafkaLibraryTests {
    /// The library has brokers of its own, in its own memory, for tests.
    @Test(arguments: KafkaLibraries.all)
    func eachRecordHasItsReport(_ library: String) async throws {
        let settings = try KafkaSettings(KafkaTests.address(), BrokerLogin())
        let producer = KafkaProducer(
            library: library, settings: KafkaSettings(texts: settings.texts + ["test.mock.num.brokers", "3"]),
            timeoutMs: 60_000)
        for _ in 0..<20 {
            let record = KafkaRecord(KafkaTests.record, topic: "rel", key: "checkout")
            #expect(await producer.publish(record) == .stored(isDuplicate: false))
        }
        await producer.close(flushMs: 1_000)
        #expect(
            await producer.publish(KafkaRecord(KafkaTests.record, topic: "rel", key: "x"))
                == .failed("the publish was cancelled"))
    }

    @Test(arguments: KafkaLibraries.all)
    func aBrokerThatIsAwayIsNamedAndItsProducerDropped(_ library: String) async throws {
        let producers = KafkaProducers(library: library)
        let brokers = Brokers(secrets: FixedSecrets(), kafka: producers)
        let address = KafkaTests.address(try Scratch.port(), timeoutMs: 500)
        let outcome = await brokers.publish(KafkaTests.record, at: address)
        guard case .failed(let text) = outcome else { return #expect(Bool(false), "\(outcome)") }
        #expect(text.hasPrefix("\(address.text): ") && text.contains("Connection refused"), "\(text)")
        #expect(producers.count == 0)
    }

    @Test(arguments: KafkaLibraries.all)
    func aSettingThatTheLibraryRefusesIsSaid(_ library: String) async throws {
        let security = ClientSecurity(caFile: "/nonexistent/ca.pem")
        let brokers = Brokers(secrets: FixedSecrets(), kafka: KafkaProducers(library: library))
        let outcome = await brokers.publish(KafkaTests.record, at: KafkaTests.address(1, .kafkas, security))
        guard case .failed(let text) = outcome else { return #expect(Bool(false), "\(outcome)") }
        #expect(text.contains("librdkafka makes no producer") && text.contains("ssl.ca.location"), "\(text)")
    }

    /// A server that takes the connection and says nothing, and a task that is cancelled long before its time is over.
    @Test(arguments: KafkaLibraries.all)
    func aCancelledPublishReturns(_ library: String) async throws {
        let silent = try await ScriptedBroker([])
        let brokers = Brokers(secrets: FixedSecrets(), kafka: KafkaProducers(library: library))
        let task = Task {
            await brokers.publish(KafkaTests.record, at: KafkaTests.address(silent.port, timeoutMs: 300_000))
        }
        #expect(await eventually { !silent.received.isEmpty })
        task.cancel()
        guard case .failed(let text) = await task.value else { return #expect(Bool(false)) }
        #expect(text.hasSuffix("the publish was cancelled"), "\(text)")
        await silent.stop()
    }
}
