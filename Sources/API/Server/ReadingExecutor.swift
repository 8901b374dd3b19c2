import Foundation

/// One thread for everything that is only read: snapshots, documents, metrics.
///
/// Swift's own threads are as many as the machine has cores, and decisions need them. Forty callers who each want a large
/// document wait for each other here, and keep at most one core busy.
package final class ReadingExecutor: SerialExecutor {
    package static let shared = ReadingExecutor()

    private let queue = DispatchQueue(label: "rollguard.reading", qos: .utility)

    package func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        queue.async { job.runSynchronously(on: self.asUnownedSerialExecutor()) }
    }
}

/// Does work on the reading thread.
actor DocumentReader {
    nonisolated var unownedExecutor: UnownedSerialExecutor { ReadingExecutor.shared.asUnownedSerialExecutor() }

    func make(_ answer: @Sendable () -> Answer) -> Answer { answer() }
}
