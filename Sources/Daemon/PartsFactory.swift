import Receivers
import ReleaseKernel
import Routers

/// Makes the parts that a plan names: a driver per release, a receiver per receiver.
struct PartsFactory: Sendable {
    let transport: any HTTPTransport
    let secrets: any SecretStore
    let clock: SystemClock
    /// Where people find the daemon's own pages, for links in alerts.
    let externalURL: String?

    func drivers(for plan: Plan) throws -> [String: any RouterDriver] {
        var drivers: [String: any RouterDriver] = [:]
        for release in plan.releases {
            drivers[release.name] = try RouterFactory.make(
                plan: release.router, release: release.name,
                versions: (baseline: release.baseline.version, canary: release.canary.version),
                transport: transport, secrets: secrets)
        }
        return drivers
    }

    func receivers(for plan: Plan) -> [any Receiver] {
        plan.receivers.map { receiver in
            ReceiverFactory.make(
                plan: receiver, transport: transport, secrets: secrets, externalURL: externalURL,
                clock: { [clock] in clock.wallMs })
        }
    }
}
