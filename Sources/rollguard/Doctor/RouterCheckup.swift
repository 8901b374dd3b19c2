import Daemon
import HTTPClient
import Model
import Ports
import Routers
import Support

/// Reads a release's routers, and shows what a rollback would call.
struct RouterCheckup {
    let release: ReleasePlan
    let transport: any HTTPTransport

    func findings() async -> [CheckupFinding] {
        var found = await findings(of: release.router, "\(release.name): router")
        if let fallback = release.fallback {
            found += await findings(of: fallback.router, "\(release.name): fallback router")
        }
        return found
    }

    private func findings(of plan: RouterPlan, _ subject: String) async -> [CheckupFinding] {
        let driver: any RouterDriver
        do throws(RouterPlanError) {
            driver = try RouterFactory.make(
                plan: plan, release: release.name,
                versions: (baseline: release.baseline.version, canary: release.canary.version), transport: transport,
                secrets: SystemSecretStore())
        } catch { return [.error(subject, "\(error)")] }
        let observed = await driver.observe(timeoutMs: release.rollback.callTimeoutMs)
        let allowed = await RouterPermission.allowed(plan, timeoutMs: release.rollback.callTimeoutMs)
        let calls = driver.plan(Split(canaryBasisPoints: 0))
        return observed.flatMap { found(in: $0, driver.capabilities, allowed: allowed[$0.instance], subject) }
            + calls.map { planned($0, subject) }
    }

    private func found(
        in observation: RouterObservation, _ capabilities: RouterCapabilities, allowed: Bool?, _ subject: String
    ) -> [CheckupFinding] {
        let subject = "\(subject) \(observation.instance)"
        guard let points = observation.canaryBasisPoints else {
            let why = observation.problem ?? "it says nothing about the split"
            return capabilities.readBack == .none
                ? [.warning(subject, "this kind cannot be read; only the canary's traffic proves a rollback")]
                : [.error(subject, why)]
        }
        var found: [CheckupFinding] = []
        let share = "the canary has \(NumberText.plain(Double(points) / 100)) %"
        if observation.isWritable == false {
            found.append(
                .error(subject, "\(share), and a change would be refused: \(observation.problem ?? "no reason given")"))
        } else if allowed == false {
            found.append(
                .error(
                    subject,
                    "\(share), and a change would be refused: the socket has no admin rights; write 'level admin' in haproxy.cfg"
                ))
        } else if let problem = observation.problem {
            found.append(.warning(subject, "\(share); \(problem)"))
        } else {
            let access =
                observation.isWritable == true || allowed == true
                ? "may be changed" : "whether it may be changed is not known before a change"
            found.append(.ok(subject, "\(share); \(access)"))
        }
        if observation.baselineHealthy == false {
            found.append(
                .error(
                    subject, "the router says that no server of the baseline is healthy: nothing could take the traffic"
                ))
        }
        return found
    }

    private func planned(_ call: PlannedCall, _ subject: String) -> CheckupFinding {
        .ok("\(subject) \(call.instance)", "a rollback would call \(call.call)")
    }
}
