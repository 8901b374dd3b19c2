import Synchronization

/// Lets as many clients in as there are open files for, and reports when the first of a series is turned away.
final class ClientGate: Sendable {
    private let limit: Int
    private let report: @Sendable (String) -> Void
    private let isFull = Atomic<Bool>(false)

    init(limit: Int, report: @escaping @Sendable (String) -> Void) {
        self.limit = limit
        self.report = report
    }

    /// False when the client has to be turned away; then it is not counted.
    func enter(_ metrics: RouterMetrics) -> Bool {
        if metrics.opened(limit: limit) { return true }
        if !isFull.exchange(true, ordering: .relaxed) {
            report("\(limit) clients are connected, the limit; further ones are turned away")
        }
        return false
    }

    /// After half of the clients have left, the next one that is turned away is news.
    func leave(_ metrics: RouterMetrics) {
        if metrics.closed() <= limit / 2 { isFull.store(false, ordering: .relaxed) }
    }
}
