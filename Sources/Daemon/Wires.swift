import ReleaseKernel
import Wire

/// The daemon's ways out. Scrapes, router calls and webhooks have transports of their own: a hundred targets or a receiver
/// that do not answer must not hold up a rollback.
struct Wires {
    let routerCalls: CurlTransport
    let deliveries: CurlTransport
    private let userAgent: String
    private let secrets: any SecretStore

    init(version: String, secrets: any SecretStore) {
        userAgent = "Rollguard/\(version)"
        self.secrets = secrets
        routerCalls = CurlTransport(userAgent: userAgent, secrets: secrets)
        deliveries = CurlTransport(userAgent: userAgent, secrets: secrets)
    }

    func scrapeLanes() -> ScrapeLanes {
        let bodies = BodyPool(most: Self.keptBodies)
        return ScrapeLanes(connections: OpenFiles.makeRoomForConnections()) { [userAgent, secrets] connections in
            // As many at once as there are connections: a target waits for its own answer and for nobody else's.
            CurlTransport(
                userAgent: userAgent, secrets: secrets, maxConnections: connections, maxInFlight: connections,
                bodies: bodies)
        }
    }

    /// Of all lanes: some clumps of targets.
    private static let keptBodies = 64

    func shutdown() async {
        await routerCalls.shutdown()
        await deliveries.shutdown()
    }
}
