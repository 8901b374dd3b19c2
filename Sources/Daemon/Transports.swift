import HTTPClient
import Ports
import SystemSupport

/// The daemon's outgoing transports. Scrapes, router calls and webhooks have transports of their own: a hundred targets
/// or a receiver that do not answer must not hold up a rollback.
struct Transports: DaemonNetwork {
    let routerCalls: any HTTPTransport
    let deliveries: any HTTPTransport
    let planCalls: any HTTPTransport
    let discoveryCalls: any HTTPTransport
    private let owned: [CurlTransport]
    private let userAgent: String
    private let secrets: any SecretStore
    let scrapeConnections: Int
    private let bodies = BodyPool(most: Self.keptBodies)

    init(version: String, secrets: any SecretStore, files: OpenFiles) {
        scrapeConnections = files.scrapeConnections
        let few = min(Self.fewConnections, files.outsideConnections)
        userAgent = "Rollguard/\(version)"
        self.secrets = secrets
        let routerCalls = CurlTransport(userAgent: userAgent, secrets: secrets, maxConnections: few)
        let deliveries = CurlTransport(userAgent: userAgent, secrets: secrets, maxConnections: few)
        let planCalls = CurlTransport(userAgent: userAgent, secrets: secrets, maxConnections: few)
        let discoveryCalls = CurlTransport(userAgent: userAgent, secrets: secrets, maxConnections: few)
        (self.routerCalls, self.deliveries) = (routerCalls, deliveries)
        (self.planCalls, self.discoveryCalls) = (planCalls, discoveryCalls)
        owned = [routerCalls, deliveries, planCalls, discoveryCalls]
    }

    func scrapeTransport(connections: Int) -> any OwnedTransport {
        CurlTransport(
            userAgent: userAgent, secrets: secrets, maxConnections: connections,
            maxInFlight: min(connections, Self.scrapesAtOnce), bodies: bodies)
    }

    /// Of all lanes: some batches of targets.
    private static let keptBodies = 64
    /// Of a lane: half of its targets may hang, and the others do not wait. Not all of them, because resolving a name
    /// takes a thread, and names may hang too.
    private static let scrapesAtOnce = 256
    private static let fewConnections = 64

    func shutdown() async {
        for transport in owned { await transport.shutdown() }
    }
}
