import Model

/// How the targets of a release have changed, as it is stored.
struct StoredTargets: StoredRecord {
    let baseline: Int
    let canary: Int
    let added: Int
    let removed: Int
    let moved: Int
    let addedNames: [String]
    let removedNames: [String]
    let movedNames: [String]
    let restartsComparison: Bool

    init(_ record: TargetsRecord) {
        (baseline, canary) = (record.baseline, record.canary)
        (added, removed, moved) = (record.added, record.removed, record.moved)
        (addedNames, removedNames, movedNames) = (record.addedNames, record.removedNames, record.movedNames)
        restartsComparison = record.restartsComparison
    }

    func model() throws -> TargetsRecord {
        var record = TargetsRecord(
            baseline: baseline, canary: canary, added: addedNames, removed: removedNames, moved: movedNames,
            restartsComparison: restartsComparison)
        (record.added, record.removed, record.moved) = (added, removed, moved)
        return record
    }
}
