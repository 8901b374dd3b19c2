/// How the targets of a release have changed, for the journal and for people. The names are bounded, the counts are not.
public struct TargetsRecord: Sendable, Equatable {
    /// Names of each kind of change.
    public static let nameLimit = 10

    /// Targets of the pools after the change.
    public var baseline: Int
    public var canary: Int
    /// How many targets were added, removed, and moved from one pool to the other.
    public var added: Int
    public var removed: Int
    public var moved: Int
    /// `canary 10.0.0.1:9090`, sorted, at most ``nameLimit`` of each.
    public var addedNames: [String]
    public var removedNames: [String]
    /// With the pool that the target is in now.
    public var movedNames: [String]
    /// More than a third of the instances are others: the statistical comparison began again.
    public var restartsComparison: Bool

    public init(
        baseline: Int, canary: Int, added: [String] = [], removed: [String] = [], moved: [String] = [],
        restartsComparison: Bool = false
    ) {
        (self.baseline, self.canary) = (baseline, canary)
        (self.added, self.removed, self.moved) = (added.count, removed.count, moved.count)
        addedNames = Array(added.prefix(Self.nameLimit))
        removedNames = Array(removed.prefix(Self.nameLimit))
        movedNames = Array(moved.prefix(Self.nameLimit))
        self.restartsComparison = restartsComparison
    }

    public var isEmpty: Bool { added == 0 && removed == 0 && moved == 0 }

    /// `2 targets added (canary a:1, canary b:2), 1 removed (baseline c:3); baseline 3, canary 4`
    public var text: String {
        let changes = [
            ("added", added, addedNames), ("removed", removed, removedNames), ("moved", moved, movedNames),
        ].filter { $0.1 > 0 }.map { verb, count, names in
            let rest = count > names.count ? ", …" : ""
            return "\(count) \(verb) (" + names.joined(separator: ", ") + rest + ")"
        }
        let what = changes.isEmpty ? "none" : changes.joined(separator: ", ")
        let comparison = restartsComparison ? "; the statistical comparison begins again" : ""
        return "targets: \(what); baseline \(baseline), canary \(canary)\(comparison)"
    }
}
