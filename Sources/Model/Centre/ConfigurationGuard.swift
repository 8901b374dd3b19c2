/// What keeps a bad push from doing harm: changes of a configuration that are seldom meant, and that need `force`.
///
/// It has no say where an operator on the host reloads files, and none over a change with `force`.
public struct ConfigurationGuard: Sendable {
    private let old: Plan
    private let new: Plan

    public init(from old: Plan, to new: Plan) { (self.old, self.new) = (old, new) }

    /// Releases under way whose rollback rules would fire later than now, or not at all, each with the rules and values.
    ///
    /// - Parameter underWay: names of the releases whose canary has traffic, or may have.
    public func widened(underWay: Set<String>) -> [String] {
        old.releases.filter { underWay.contains($0.name) }.compactMap { release in
            guard let next = new.releases.first(where: { $0.name == release.name }) else { return nil }
            let texts = RuleWidening.texts(from: release.rules, to: next.rules)
            guard !texts.isEmpty else { return nil }
            return "\(release.name) is in mid rollout, and its rollback rules would be wider: "
                + texts.joined(separator: "; ")
        }
    }

    /// Nil unless more than half of the releases would leave, or lose every rule that rolls back. A release may have another
    /// name afterwards.
    public var disabled: String? {
        let names = Set(new.releases.map(\.name))
        let before = Set(old.releases.map(\.name))
        let gone = old.releases.map(\.name).filter { !names.contains($0) }
        let added = new.releases.count { !before.contains($0.name) }
        let toothless = old.releases.filter { release in
            guard let next = new.releases.first(where: { $0.name == release.name }) else { return false }
            return release.rollsBack && !next.rollsBack
        }.map(\.name)
        let leaving = gone.prefix(max(0, gone.count - added))
        let lost = leaving + toothless
        guard 2 * lost.count > old.releases.count else { return nil }
        let shown = lost.prefix(5).joined(separator: ", ") + (lost.count > 5 ? " and \(lost.count - 5) more" : "")
        return "\(lost.count) of \(old.releases.count) releases would leave, or lose all rules that roll back: \(shown)"
    }

    /// What is refused without `force`.
    public func reasons(underWay: Set<String>) -> [String] {
        (disabled.map { [$0] } ?? []) + widened(underWay: underWay)
    }
}

extension ReleasePlan {
    fileprivate var rollsBack: Bool { rules.contains { $0.action == .rollback } }
}
