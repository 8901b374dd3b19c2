import HTTPClient
import Model
import Ports
import Routers

/// Whether a release's router can give the shares of its steps. Nothing is called for that.
enum StepsCheck {
    /// One sentence per obstacle; empty for a release that is only watched.
    static func refusals(_ release: ReleasePlan) -> [String] {
        guard let rollout = release.rollout else { return [] }
        let driver: any RouterDriver
        do throws(RouterPlanError) {
            driver = try RouterFactory.make(
                plan: release.router, release: release.name,
                versions: (baseline: release.baseline.version, canary: release.canary.version),
                transport: ClosedTransport(), secrets: SystemSecretStore())
        } catch {
            // What is wrong with the router by itself is not about its steps.
            return []
        }
        let refusals = driver.capabilities.refusals(ofSteps: rollout.steps.map(\.basisPoints))
        return refusals.map { "release \"\(release.name)\": \($0)" }
    }

    private struct ClosedTransport: HTTPTransport {
        func send(_ request: HTTPRequest) async throws(TransportError) -> HTTPResponse {
            throw .unusable("`check` calls no router")
        }
    }
}
