import Daemon
import Model
import Ports

/// The connections of one life of the daemon: every request waits until the world has carried it over its network.
struct VirtualNetwork: DaemonNetwork {
    let world: VirtualWorld
    let life: Int

    var routerCalls: any HTTPTransport { VirtualTransport(world: world, life: life, purpose: .routerCalls) }
    var deliveries: any HTTPTransport { VirtualTransport(world: world, life: life, purpose: .deliveries) }
    var scrapeConnections: Int { 256 }

    func scrapeTransport(connections: Int) -> any OwnedTransport {
        VirtualTransport(world: world, life: life, purpose: .scrapes)
    }

    func shutdown() async {}
}

/// One of them.
struct VirtualTransport: OwnedTransport {
    enum Purpose: Sendable {
        case scrapes
        case routerCalls
        case deliveries
    }

    let world: VirtualWorld
    let life: Int
    let purpose: Purpose

    /// The driver's call that the running task works on; its requests inherit it.
    @TaskLocal static var call = -1
    /// The delivery that the running task posts.
    @TaskLocal static var delivery: Delivery?

    var isRunning: Bool { true }

    func send(_ request: HTTPRequest) async throws(TransportError) -> HTTPResponse {
        let answer = await world.answers.wait { number in
            guard world.isAlive(life) else { return }
            switch purpose {
            case .scrapes: world.postScrape(request, number)
            case .routerCalls: world.postRouterRequest(request, number, call: VirtualTransport.call)
            case .deliveries: world.postNotification(request, number, VirtualTransport.delivery)
            }
        }
        guard let answer else { throw .closed }
        return try answer.get()
    }

    func shutdown() async {}
}

/// The drawn configurations name no secret.
struct NoSecrets: SecretStore {
    func secret(_ reference: SecretReference) throws(SecretError) -> String {
        throw .unsetVariable(name: "\(reference)")
    }
}
