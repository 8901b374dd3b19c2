import CKafka
import Glibc
import Synchronization

/// librdkafka, loaded when the first record is published, so that hosts without Kafka do not need it.
struct KafkaLibrary: Sendable {
    /// Of the Debian package `librdkafka1`.
    static let usualPath = "librdkafka.so.1"

    /// What the environment variable `ROLLGUARD_LIBRDKAFKA` names, or the usual one.
    static var path: String {
        guard let text = getenv("ROLLGUARD_LIBRDKAFKA"), text.pointee != 0 else { return usualPath }
        return String(cString: text)
    }

    /// Of an `rg_kafka_library`, which lives as long as the process.
    private let address: UInt

    var pointer: OpaquePointer? { OpaquePointer(bitPattern: address) }

    private static let loaded = Mutex<[String: KafkaLibrary]>([:])

    /// A library that was not there is tried again at the next call: the package may have been installed.
    static func load(_ path: String) throws(BrokerTrouble) -> KafkaLibrary {
        let result = loaded.withLock { known -> Result<KafkaLibrary, BrokerTrouble> in
            if let library = known[path] { return .success(library) }
            var reason = [CChar](repeating: 0, count: 400)
            guard let pointer = rg_kafka_open(path, &reason, reason.count) else {
                return .failure(missing(KafkaText.string(reason)))
            }
            let library = KafkaLibrary(address: UInt(bitPattern: pointer))
            known[path] = library
            return .success(library)
        }
        return try result.get()
    }

    private static func missing(_ reason: String) -> BrokerTrouble {
        BrokerTrouble(
            .unreachable,
            "Kafka needs the library librdkafka (Debian package librdkafka1), which cannot be loaded: \(reason)")
    }
}

/// Texts between Swift and C.
enum KafkaText {
    /// Up to the first zero.
    static func string(_ bytes: [CChar]) -> String {
        String(decoding: bytes.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// Texts as C has them, for the time of the call.
    static func withPointers<Result>(
        _ texts: [String], _ body: (UnsafePointer<UnsafePointer<CChar>?>?, Int) -> Result
    ) -> Result {
        let copies = texts.map { strdup($0) }
        defer { copies.forEach { free($0) } }
        return copies.map { UnsafePointer($0) }.withUnsafeBufferPointer { body($0.baseAddress, $0.count) }
    }
}
