import NIOCore
import Synchronization

/// What all connections share.
final class ProxyShared: Sendable {
    let splitter: TrafficSplitter
    let clientAddress: ClientAddress
    let groups: [BackendGroup]
    let versionNames: [String]
    let split: CurrentSplit
    let metrics: RouterMetrics
    let connectTimeout: TimeAmount
    let responseTimeout: TimeAmount
    let idleTimeout: TimeAmount

    init(_ configuration: GrayRouterConfiguration, split: CurrentSplit, metrics: RouterMetrics) {
        splitter = TrafficSplitter(configuration.strategy)
        clientAddress = ClientAddress(trusted: NetworkTable(configuration.trustedProxies.compactMap { Network($0) }))
        groups = [BackendGroup(configuration.baseline), BackendGroup(configuration.canary)]
        versionNames = [configuration.baselineVersion, configuration.canaryVersion]
        self.split = split
        self.metrics = metrics
        connectTimeout = .milliseconds(Int64(configuration.connectTimeoutMs))
        responseTimeout = .milliseconds(Int64(configuration.responseTimeoutMs))
        idleTimeout = .milliseconds(Int64(configuration.idleTimeoutMs))
    }

    func group(_ version: Version) -> BackendGroup { groups[version.rawValue] }
    func name(_ version: Version) -> String { versionNames[version.rawValue] }
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
