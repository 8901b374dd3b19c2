import Foundation
import NIOCore
import Support

/// What a configuration says about requests. A reload replaces it as a whole; a request keeps the one that it began with.
final class ProxySettings: Sendable {
    let splitter: TrafficSplitter
    let hasForcedRoute: Bool
    let clientAddress: ClientAddress
    private let groups: [BackendGroup]
    private let versionNames: [String]
    /// Where the versions' requests are counted.
    private let counters: [RouterMetrics.Counter]
    let connectTimeout: TimeAmount
    let responseTimeout: TimeAmount
    let idleTimeout: TimeAmount
    let token: AdminToken?
    /// Which calls mean the admin listener.
    let listener: ListenerGuard

    /// - Parameter previous: the settings in force. Servers that stay keep their health and their open connections.
    init(_ configuration: GrayRouterConfiguration, metrics: RouterMetrics, previous: ProxySettings? = nil) {
        splitter = TrafficSplitter(configuration.strategy, forced: configuration.forced)
        hasForcedRoute = configuration.forced != nil
        clientAddress = ClientAddress(trusted: NetworkTable(configuration.trustedProxies.compactMap { Network($0) }))
        groups = [
            BackendGroup(configuration.baseline, keeping: previous?.group(.baseline)),
            BackendGroup(configuration.canary, keeping: previous?.group(.canary)),
        ]
        versionNames = [configuration.baselineVersion, configuration.canaryVersion]
        counters = metrics.counters(for: versionNames)
        connectTimeout = .milliseconds(Int64(configuration.connectTimeoutMs))
        responseTimeout = .milliseconds(Int64(configuration.responseTimeoutMs))
        idleTimeout = .milliseconds(Int64(configuration.idleTimeoutMs))
        token = configuration.tokenFile.map { AdminToken(path: $0) }
        let names = [HostAndPort(configuration.adminListen)?.host ?? "", ProcessInfo.processInfo.hostName]
        listener = ListenerGuard(names: names + configuration.adminNames)
    }

    var backends: [Backend] { groups.flatMap(\.backends) }
    func group(_ version: Version) -> BackendGroup { groups[version.rawValue] }
    func name(_ version: Version) -> String { versionNames[version.rawValue] }
    func counter(_ version: Version) -> RouterMetrics.Counter { counters[version.rawValue] }
}
