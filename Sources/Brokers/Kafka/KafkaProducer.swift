import CKafka
import NIOCore
import NIOPosix
import Ports
import Synchronization

/// A producer of librdkafka on a thread of its own: its calls block. Records are published one after the other, each with its report.
final class KafkaProducer: Sendable {
    /// So many publishes may wait for the thread.
    static let queueLimit = 64

    private let pool = NIOThreadPool(numberOfThreads: 1)
    private let handle: KafkaHandle
    private let waiting = Atomic<Int>(0)
    private let timeoutMs: Int64

    init(library: String, settings: KafkaSettings, timeoutMs: Int64) {
        handle = KafkaHandle(library: library, settings: settings)
        self.timeoutMs = timeoutMs
        pool.start()
    }

    deinit { end(flushMs: 0) }

    /// Returns within the time of the address, which begins here: whoever waits before this one has an earlier end.
    func publish(_ record: KafkaRecord) async -> BrokerOutcome {
        let end = NIODeadline.now() + .milliseconds(max(1, timeoutMs))
        let isQueued = waiting.add(1, ordering: .relaxed).newValue <= KafkaProducer.queueLimit
        defer { waiting.subtract(1, ordering: .relaxed) }
        guard isQueued else { return .failed("too many events wait for Kafka") }
        let stop = StopFlag()
        return await withTaskCancellationHandler {
            do {
                return try await pool.runIfActive { [handle] in handle.publish(record, until: end, stop) }
            } catch {
                return .failed("the publish was cancelled")
            }
        } onCancel: {
            stop.isSet.store(true, ordering: .relaxed)
        }
    }

    /// Waits up to `flushMs` for what is under way, and gives back what the producer has. Nothing is published afterwards.
    func close(flushMs: Int32) async {
        _ = try? await pool.runIfActive { [handle] in handle.end(flushMs: flushMs) }
        try? await pool.shutdownGracefully()
    }

    /// The same without waiting. A pool that is shut down already runs the work elsewhere, and there is none left.
    private func end(flushMs: Int32) {
        pool.submit { [handle] _ in handle.end(flushMs: flushMs) }
        pool.shutdownGracefully { _ in }
    }
}

/// Set when the task that waits for a report is cancelled.
final class StopFlag: Sendable {
    let isSet = Atomic(false)
}

/// The producer itself, made by the first publish. It is used on its thread alone; the lock says so to the compiler.
final class KafkaHandle: Sendable {
    private let library: String
    private let settings: KafkaSettings
    /// The address of an `rg_kafka_producer`; 0 for none.
    private let address = Mutex<UInt>(0)

    init(library: String, settings: KafkaSettings) { (self.library, self.settings) = (library, settings) }

    func publish(_ record: KafkaRecord, until end: NIODeadline, _ stop: StopFlag) -> BrokerOutcome {
        address.withLock { address in
            guard NIODeadline.now() < end, !stop.isSet.load(ordering: .relaxed) else {
                return .failed("there was no time left to publish")
            }
            do throws(BrokerTrouble) {
                if address == 0 { address = try make() }
            } catch {
                return error.kind == .refused ? .refused(error.text) : .failed(error.text)
            }
            guard let producer = OpaquePointer(bitPattern: address) else { return .failed("there is no producer") }
            return KafkaHandle.send(record, producer, until: end, stop)
        }
    }

    func end(flushMs: Int32) {
        address.withLock { address in
            if let producer = OpaquePointer(bitPattern: address) { rg_kafka_end(producer, flushMs) }
            address = 0
        }
    }

    private func make() throws(BrokerTrouble) -> UInt {
        let library = try KafkaLibrary.load(library).pointer
        var reason = [CChar](repeating: 0, count: 400)
        let made = KafkaText.withPointers(settings.texts) { rg_kafka_make(library, $0, $1, &reason, reason.count) }
        guard let made else {
            throw BrokerTrouble(.unreachable, "librdkafka makes no producer: \(KafkaText.string(reason))")
        }
        return UInt(bitPattern: made)
    }

    private static func send(
        _ record: KafkaRecord, _ producer: OpaquePointer, until end: NIODeadline, _ stop: StopFlag
    ) -> BrokerOutcome {
        let queued = KafkaText.withPointers(record.headers) { headers, count in
            rg_kafka_send(producer, record.topic, record.key, record.body, record.body.count, headers, count)
        }
        guard queued == 0 else { return KafkaMeaning.outcome(queued, text(queued, producer)) }
        while rg_kafka_poll(producer, 50) == 0 {
            if stop.isSet.load(ordering: .relaxed) { return .failed("the publish was cancelled") }
            if NIODeadline.now() >= end { break }
        }
        return rg_kafka_poll(producer, 0) == 0 ? unreported(producer) : reported(producer)
    }

    private static func reported(_ producer: OpaquePointer) -> BrokerOutcome {
        let code = rg_kafka_code(producer)
        // Of a record that ran out of time the connection's trouble says why.
        guard code != Int32(RG_KAFKA_TIMED_OUT) else { return unreported(producer) }
        return KafkaMeaning.outcome(code, text(code, producer))
    }

    private static func unreported(_ producer: OpaquePointer) -> BrokerOutcome {
        let (code, trouble) = (rg_kafka_trouble_code(producer), String(cString: rg_kafka_trouble(producer)))
        guard code != 0 else { return .failed("there was no report of the record in time") }
        let text = trouble.isEmpty ? text(code, producer) : trouble
        // A refused login has no report: the library asks until the time is over. A connection that breaks in the middle of a login
        // is called one too, but then the next one has other trouble or none.
        return KafkaMeaning.isLogin(code) ? .forbidden(text) : .failed(text)
    }

    private static func text(_ code: Int32, _ producer: OpaquePointer) -> String {
        String(cString: rg_kafka_text(producer, code))
    }
}
