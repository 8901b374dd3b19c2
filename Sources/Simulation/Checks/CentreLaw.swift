import Model

/// The laws of a configuration centre. What is in force is always one whole valid state that was pushed, and never one of a lower
/// revision than before, over restarts too. So a release leaves only by a manifest that no longer lists it: no deleted key, no
/// empty prefix, no restored backup and no refused push takes it away. A push that is not forced may be refused by the guard, and
/// an older state stays in force then; the last one is forced.
///
/// Used on the world's thread alone.
final class CentreLaw: @unchecked Sendable {
    /// A rollout that begins while a change is on its way through the daemon is not known to the guard yet.
    private static let knownCycles = 3

    private let findings: Findings
    private var valid: [(revision: Int64, releases: [ReleasePlan], isForced: Bool)] = []
    private var inForce: Int64 = 0
    private var releases: [ReleasePlan] = []
    /// What a reload replaces; nil before the first start.
    private var plan: Plan?
    /// By release, since the last change: cycles in a row at whose ends its rollout ran.
    private var runningCycles: [String: Int] = [:]

    init(findings: Findings) { self.findings = findings }

    func pushed(_ push: CentreWorld.Push) {
        if let plan = push.plan { valid.append((push.revision, plan.releases, push.isForced)) }
    }

    func cycleEnded(_ release: ReleaseSnapshot) {
        let isRunning = release.rollout?.running != nil
        runningCycles[release.name] = isRunning ? (runningCycles[release.name] ?? 0) + 1 : 0
    }

    /// - Parameter shown: the releases right after the reload.
    func reloads(_ plan: Plan, _ shown: [ReleaseSnapshot]) {
        refuseWider(plan, shown)
        takes(plan)
    }

    /// What is not forced makes no rule wider while the rollout of its release runs.
    private func refuseWider(_ next: Plan, _ shown: [ReleaseSnapshot]) {
        guard let plan else { return }
        let pushes = valid.filter { $0.revision >= inForce && $0.releases == next.releases }
        guard !pushes.isEmpty, !pushes.contains(where: { $0.isForced }) else { return }
        let running = shown.filter { release in
            release.rollout?.running != nil && (runningCycles[release.name] ?? 0) >= CentreLaw.knownCycles
        }
        let texts = ConfigurationGuard(from: plan, to: next).widened(underWay: Set(running.map(\.name)))
        findings.note("no rule becomes wider in mid rollout without force", texts.first)
    }

    /// A plan comes into force, by a start or a reload.
    func takes(_ plan: Plan) {
        self.plan = plan
        runningCycles = [:]
        if let match = valid.first(where: { $0.revision >= inForce && $0.releases == plan.releases }) {
            (inForce, releases) = (match.revision, plan.releases)
            return
        }
        let names = plan.releases.map(\.name)
        let missing = releases.map(\.name).filter { !names.contains($0) }
        findings.note(
            "a centre's state is whole and newer",
            "\(names) come into force, without \(missing), and no manifest after \(inForce) says so")
    }

    /// After the heal the last push is in force: it is forced.
    func finish() {
        guard let last = valid.last, last.releases != releases else { return }
        findings.note(
            "a centre's last state comes into force", "manifest \(last.revision) is not in force; \(inForce) is")
    }
}
