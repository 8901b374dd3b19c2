/// What a resolver has made of the groups of one source, kept so that only what differs in the next answer is resolved
/// again: of ten thousand targets a few change at a time.
public struct ResolvedGroups {
    private struct Entry {
        let group: TargetGroup
        let targets: [ListedTarget]
    }

    private let resolver: TargetResolver
    /// By the source of the group.
    private var known: [String: Entry] = [:]

    public init(_ resolver: TargetResolver) { self.resolver = resolver }

    /// The same as ``TargetResolver/resolve(_:)``.
    public mutating func resolve(_ groups: [TargetGroup]) -> [ListedTarget] {
        var kept: [String: Entry] = [:]
        kept.reserveCapacity(groups.count)
        var targets: [ListedTarget] = []
        for group in groups {
            let entry = Entry(group: group, targets: resolve(group, known[group.source]))
            kept[group.source] = entry
            targets += entry.targets
        }
        known = kept
        return targets
    }

    /// A target at the same place as before is compared first; one that has moved is resolved again.
    private func resolve(_ group: TargetGroup, _ before: Entry?) -> [ListedTarget] {
        guard let before, before.group.labels == group.labels else { return resolver.resolve([group]) }
        return group.targets.enumerated().map { index, target in
            let isSame = index < before.group.targets.count && before.group.targets[index] == target
            return isSame ? before.targets[index] : resolver.resolve(target, in: group)
        }
    }
}
