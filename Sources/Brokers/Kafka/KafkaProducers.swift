import NIOCore
import NIOPosix
import Ports
import Synchronization

/// The producers that are kept: one per cluster, login and time limit, so one per receiver. Each is made again after an event that
/// was not stored, and ended after ten minutes without an event.
package final class KafkaProducers: Sendable {
    private struct Kept {
        let producer: KafkaProducer
        var used: NIODeadline
    }

    static let idle = TimeAmount.minutes(10)
    private let library: String?
    private let kept = Mutex<[KafkaSettings: Kept]>([:])

    /// - Parameter library: the path of librdkafka; nil for the one of the host.
    package init(library: String? = nil) { self.library = library }

    func publish(_ record: KafkaRecord, at broker: BrokerAddress, _ login: BrokerLogin) async throws(BrokerTrouble)
        -> BrokerOutcome
    {
        let settings = try KafkaSettings(broker, login)
        let producer = producer(settings, timeoutMs: broker.timeoutMs)
        let outcome = await producer.publish(record)
        switch outcome {
        case .stored:
            endIdleLater()
            return outcome
        case .failed(let text):
            drop(producer, settings)
            return .failed("\(broker.text): \(text)")
        case .forbidden(let text):
            drop(producer, settings)
            return .forbidden("\(broker.text): \(text)")
        case .refused(let text):
            drop(producer, settings)
            return .refused("\(broker.text): topic \(record.topic): \(text)")
        }
    }

    private func producer(_ settings: KafkaSettings, timeoutMs: Int64) -> KafkaProducer {
        let now = NIODeadline.now()
        return kept.withLock { kept in
            if let known = kept[settings] {
                kept[settings]?.used = now
                return known.producer
            }
            let made = KafkaProducer(
                library: library ?? KafkaLibrary.path, settings: settings, timeoutMs: timeoutMs)
            kept[settings] = Kept(producer: made, used: now)
            return made
        }
    }

    private func endIdleLater() {
        MultiThreadedEventLoopGroup.singleton.next().scheduleTask(in: KafkaProducers.idle) { [weak self] in
            self?.endIdle(at: .now())
        }
    }

    /// Without its last reference a producer ends, on a thread of its own.
    func endIdle(at now: NIODeadline) {
        kept.withLock { kept in kept = kept.filter { $0.value.used + KafkaProducers.idle > now } }
    }

    private func drop(_ producer: KafkaProducer, _ settings: KafkaSettings) {
        kept.withLock { kept in
            if kept[settings]?.producer === producer { kept[settings] = nil }
        }
    }

    /// How many are kept.
    var count: Int { kept.withLock { $0.count } }

    /// Ends all, each after up to a second for what is under way.
    package func close() async {
        let producers = kept.withLock { kept in
            defer { kept = [:] }
            return kept.values.map(\.producer)
        }
        for producer in producers { await producer.close(flushMs: 1_000) }
    }
}
