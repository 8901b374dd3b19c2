import Model

/// The laws of a configuration centre. What is in force is always one whole valid state that was pushed, and never one of a lower
/// revision than before, over restarts too. So a release leaves only by a manifest that no longer lists it: no deleted key, no
/// empty prefix, no restored backup and no refused push takes it away.
///
/// Used on the world's thread alone.
final class CentreLaw: @unchecked Sendable {
    private let findings: Findings
    private var valid: [(revision: Int64, releases: [ReleasePlan])] = []
    private var inForce: Int64 = 0
    private var releases: [ReleasePlan] = []

    init(findings: Findings) { self.findings = findings }

    func pushed(_ push: CentreWorld.Push) {
        if let plan = push.plan { valid.append((push.revision, plan.releases)) }
    }

    /// A plan comes into force, by a start or a reload.
    func takes(_ plan: Plan) {
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

    /// After the heal the last push is in force.
    func finish() {
        guard let last = valid.last, last.releases != releases else { return }
        findings.note(
            "a centre's last state comes into force", "manifest \(last.revision) is not in force; \(inForce) is")
    }
}
