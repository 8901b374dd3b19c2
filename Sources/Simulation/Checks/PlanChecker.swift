import Model
import Ports

/// The laws of plans. Traffic first: no step acts before the router was called for its rollback, or was seen to give the canary
/// nothing. The start of a step is durable before it acts. What must not run twice takes effect once. Proved means that it took
/// effect. After the heal each plan ends, or waits for an operator.
struct PlanChecker {
    private struct Run {
        var incident: String
        /// The router was called since the intent, or was seen to give the canary nothing.
        var isRouterCalled = false
        /// By step: effects so far, and how often an operator ordered it again.
        var effects: [String: Int] = [:]
        var orders: [String: Int] = [:]
    }

    private var runs: [Run?]

    init(releases: Int) { runs = Array(repeating: nil, count: releases) }

    // MARK: Traffic

    /// The router is called, or is seen to give the canary nothing.
    mutating func sawTraffic(release: Int) { runs[release]?.isRouterCalled = true }

    // MARK: Steps

    /// A request of a step leaves the daemon.
    func acts(_ request: HTTPRequest, release: Int, durable: [JournalEntry]) -> String? {
        guard let (incident, step) = PlanChecker.subject(of: PlanChecker.key(of: request)) else {
            return "\(request.url) is asked without the key of a step"
        }
        let isDurable = durable.contains { entry in
            guard entry.incident == incident, case .procedure(.started(step, _)) = entry.event else { return false }
            return true
        }
        guard isDurable else { return "\(step) of \(incident) acts, and its start is not on the disk" }
        guard let run = runs[release], run.incident == incident else { return nil }
        return run.isRouterCalled ? nil : "\(step) of \(incident) acts before the router was called"
    }

    mutating func tookEffect(_ effect: VirtualPlanService.Effect, release: Int) -> String? {
        guard let (incident, step) = PlanChecker.subject(of: effect.key), runs[release]?.incident == incident else {
            return nil
        }
        let count = (runs[release]?.effects[step] ?? 0) + 1
        runs[release]?.effects[step] = count
        guard effect.path == VirtualPlanService.cachePath, count > 1 + (runs[release]?.orders[step] ?? 0) else {
            return nil
        }
        return "\(step) of \(incident) must not run twice, and took effect \(count) times"
    }

    mutating func appended(_ entry: JournalEntry, release: Int, wasFlagOff: Bool) -> String? {
        guard let incident = entry.incident else { return nil }
        if case .intended = entry.event { runs[release] = Run(incident: incident) }
        guard case .procedure(let event) = entry.event else { return nil }
        if case .retried(let step, _, _) = event { runs[release]?.orders[step, default: 0] += 1 }
        if case .proved(PlanChecker.flagStep, _) = event, !wasFlagOff {
            return "\(PlanChecker.flagStep) of \(incident) is proved, and the flag was on all the time"
        }
        return nil
    }

    /// The run is over.
    static func finished(_ snapshot: Snapshot, atWallMs now: Int64) -> String? {
        for incident in snapshot.incidents {
            guard let run = incident.procedure, run.isOpen, let next = run.next, !next.needsOperator else { continue }
            // A rollback of the last minutes has its plan under way.
            guard incident.isAcknowledged, now - next.sinceWallMs > Swarm.patienceMs else { continue }
            return "the plan of \(incident.id) neither ends nor waits for an operator: \(run.text)"
        }
        return nil
    }

    static let flagStep = "switch"

    private static func key(of request: HTTPRequest) -> String {
        request.headers.first { $0.name == "Idempotency-Key" }?.value ?? ""
    }

    /// `release1-17/switch`
    private static func subject(of key: String) -> (incident: String, step: String)? {
        let parts = key.split(separator: "/")
        return parts.count == 2 ? (String(parts[0]), String(parts[1])) : nil
    }
}
