package import Model
package import Ports

/// Makes the driver that a release's plan names.
package enum RouterFactory {
    /// Checks the whole plan before anything is called: a rollback is no time to find a misspelt template.
    ///
    /// - Parameters:
    ///   - release: its name, for templates and errors.
    ///   - versions: of the two pools, for templates.
    ///   - transport: resolves the plan's `security`; HAProxy's runtime socket does not use it.
    ///   - secrets: read only to mask them in what a router answers.
    ///   - aim: which side of the settings carries the canary. Drivers of both aims may exist at the same time.
    /// - Throws: ``RouterPlanError`` for a plan that cannot work.
    package static func make(
        plan: RouterPlan, release: String, versions: (baseline: String, canary: String),
        transport: any HTTPTransport, secrets: any SecretStore, aim: RouterAim = .direct
    ) throws(RouterPlanError) -> any RouterDriver {
        let setup = DriverSetup(
            release: release, versions: versions, transport: transport, secrets: secrets, aim: aim,
            growth: plan.growth)
        do throws(RouterPlanError) {
            for kind in RouterKinds.driven {
                guard let driver = try kind.make(plan, setup) else { continue }
                return plan.growth.map { DeclaredGrowth(driver, $0) } ?? driver
            }
            throw RouterPlanError("there is no driver of this kind")
        } catch {
            throw RouterPlanError("release \"\(ShownText.line(release))\", router \(plan.kind): \(error.message)")
        }
    }
}

/// A driver whose router chooses its users as the configuration says.
private struct DeclaredGrowth: RouterDriver {
    let capabilities: RouterCapabilities
    private let driver: any RouterDriver

    init(_ driver: any RouterDriver, _ growth: RouterCapabilities.Growth) {
        var capabilities = driver.capabilities
        capabilities.growth = growth
        self.capabilities = capabilities
        self.driver = driver
    }

    var instances: [String] { driver.instances }
    func observe(timeoutMs: Int64) async -> [RouterObservation] { await driver.observe(timeoutMs: timeoutMs) }
    func plan(_ split: Split) -> [PlannedCall] { driver.plan(split) }
    func apply(_ split: Split, timeoutMs: Int64) async -> [RouterReceipt] {
        await driver.apply(split, timeoutMs: timeoutMs)
    }
    func setForced(isOpen: Bool, timeoutMs: Int64) async -> [RouterReceipt] {
        await driver.setForced(isOpen: isOpen, timeoutMs: timeoutMs)
    }
}

/// A router plan that cannot work: a bad pointer, an unknown template variable, a name that could not be sent.
package struct RouterPlanError: Error, Sendable, Equatable, CustomStringConvertible {
    /// What is wrong, where, and what to write instead; holds no secret.
    package let message: String

    package init(_ message: String) { self.message = message }

    package var description: String { message }
}
