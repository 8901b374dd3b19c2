import Synchronization

/// What all connections share.
final class ProxyShared: Sendable {
    let split: CurrentSplit
    let metrics: RouterMetrics
    private let current: Mutex<ProxySettings>

    init(_ settings: ProxySettings, split: CurrentSplit, metrics: RouterMetrics) {
        current = Mutex(settings)
        self.split = split
        self.metrics = metrics
    }

    /// In force now; a reload replaces them.
    var settings: ProxySettings {
        get { current.withLock { $0 } }
        set { current.withLock { $0 = newValue } }
    }
}

/// The split in force, read for each request.
final class CurrentSplit: Sendable {
    private let basisPoints: Atomic<Int>

    init(_ canaryBasisPoints: Int) { basisPoints = Atomic(canaryBasisPoints) }

    var canaryBasisPoints: Int {
        get { basisPoints.load(ordering: .acquiring) }
        set { basisPoints.store(newValue, ordering: .releasing) }
    }
}
