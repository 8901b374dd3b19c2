import HTTPClient
import Ports
import Scraping
import SystemSupport

/// The daemon's outgoing transports. Scrapes, router calls and webhooks have transports of their own: a hundred targets
/// or a receiver that do not answer must not hold up a rollback.
struct Transports {
    let routerCalls: CurlTransport
    let deliveries: CurlTransport
    private let userAgent: String
    private let secrets: any SecretStore
    private let scrapeConnections: Int

    init(version: String, secrets: any SecretStore, files: OpenFiles) {
        scrapeConnections = files.scrapeConnections
        let few = min(Self.fewConnections, files.outsideConnections)
        userAgent = "Rollguard/\(version)"
        self.secrets = secrets
        routerCalls = CurlTransport(userAgent: userAgent, secrets: secrets, maxConnections: few)
        deliveries = CurlTransport(userAgent: userAgent, secrets: secrets, maxConnections: few)
    }

    func scrapeLanes() -> ScrapeLanes {
        let bodies = BodyPool(most: Self.keptBodies)
        return ScrapeLanes(connections: scrapeConnections) { [userAgent, secrets] connections in
            CurlTransport(
                userAgent: userAgent, secrets: secrets, maxConnections: connections,
                maxInFlight: min(connections, Self.scrapesAtOnce), bodies: bodies)
        }
    }

    /// Of all lanes: some batches of targets.
    private static let keptBodies = 64
    /// Of a lane: half of its targets may hang, and the others do not wait. Not all of them, because resolving a name
    /// takes a thread, and names may hang too.
    private static let scrapesAtOnce = 256
    private static let fewConnections = 64

    func shutdown() async {
        await routerCalls.shutdown()
        await deliveries.shutdown()
    }
}
