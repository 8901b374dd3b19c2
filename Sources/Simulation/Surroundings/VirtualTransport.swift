import Daemon
import Model
import Ports

/// What the daemon's requests go through in the world, by their purpose.
struct NetworkTraffic {
    let process: DaemonProcess
    /// Requests that wait for an answer.
    let answers: Waits<Result<HTTPResponse, TransportError>>
    let scrapes: ScrapeTraffic
    let routers: RouterTraffic
    let notifications: NotificationTraffic
    let plans: PlanTraffic
}

/// The connections of one life of the daemon: every request waits until the world has carried it over its network.
struct VirtualNetwork: DaemonNetwork {
    let traffic: NetworkTraffic
    let life: Int

    var routerCalls: any HTTPTransport { VirtualTransport(traffic: traffic, life: life, purpose: .routerCalls) }
    var deliveries: any HTTPTransport { VirtualTransport(traffic: traffic, life: life, purpose: .deliveries) }
    var planCalls: any HTTPTransport { VirtualTransport(traffic: traffic, life: life, purpose: .planCalls) }
    /// The virtual sources of targets are files.
    var discoveryCalls: any HTTPTransport { VirtualTransport(traffic: traffic, life: life, purpose: .deliveries) }
    var scrapeConnections: Int { 256 }

    func scrapeTransport(connections: Int) -> any OwnedTransport {
        VirtualTransport(traffic: traffic, life: life, purpose: .scrapes)
    }

    func shutdown() async {}
}

/// One of them.
struct VirtualTransport: OwnedTransport {
    enum Purpose: Sendable {
        case scrapes
        case routerCalls
        case deliveries
        case planCalls
    }

    let traffic: NetworkTraffic
    let life: Int
    let purpose: Purpose

    /// The driver's call that the running task works on; its requests inherit it.
    @TaskLocal static var call = -1
    /// The delivery that the running task posts.
    @TaskLocal static var delivery: Delivery?

    var isRunning: Bool { true }

    func send(_ request: HTTPRequest) async throws(TransportError) -> HTTPResponse {
        let answer = await traffic.answers.wait { number in
            guard traffic.process.isAlive(life) else { return }
            switch purpose {
            case .scrapes: traffic.scrapes.post(request, number)
            case .routerCalls: traffic.routers.post(request, number, call: VirtualTransport.call)
            case .deliveries: traffic.notifications.post(request, number, VirtualTransport.delivery)
            case .planCalls: traffic.plans.post(request, number)
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
