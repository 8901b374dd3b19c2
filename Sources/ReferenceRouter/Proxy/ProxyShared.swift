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
    private let target: Atomic<Int>

    init(_ split: SavedSplit) {
        basisPoints = Atomic(split.canaryBasisPoints)
        target = Atomic(Self.number(split.forced))
    }

    private static func number(_ target: ForcedTarget) -> Int { target.version?.rawValue ?? -1 }

    /// Where test users go.
    var forced: ForcedTarget {
        get {
            switch Version(rawValue: target.load(ordering: .acquiring)) {
            case .baseline: .baseline
            case .canary: .canary
            case nil: .none
            }
        }
        set { target.store(Self.number(newValue), ordering: .releasing) }
    }

    var canaryBasisPoints: Int {
        get { basisPoints.load(ordering: .acquiring) }
        set { basisPoints.store(newValue, ordering: .releasing) }
    }
}
