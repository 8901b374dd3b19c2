import Synchronization

/// Remembers which connections a request has come on.
final class SeenConnections: Sendable {
    private let numbers = Mutex<Set<Int>>([])

    func isFirst(on number: Int) -> Bool { numbers.withLock { $0.insert(number).inserted } }
}
