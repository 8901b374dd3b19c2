import Model

/// The laws of a promotion: a version is promoted after it has baked; then its place is the baseline, the other one the canary,
/// and no router is called for that until the next rollout or rollback.
struct PromotionChecker {
    private struct Known {
        /// Of the rollout that was prepared last.
        var id: String?
        var version: VersionIdentity?
        var hasBaked = false
        /// Of the newest record of which version is where; nil before the first.
        var isTurned: Bool?
        var freeze: FreezeRecord?
        /// Promoted, and the record that follows from it is not written yet.
        var awaitsTurn = false
        /// Promoted, and nothing has begun since.
        var isQuiet = false
    }

    private var releases: [Known]

    init(releases: Int) { self.releases = Array(repeating: Known(), count: releases) }

    /// A crash has lost what was not durable: what the disk has is read again.
    mutating func restarted(_ entries: [JournalEntry], names: [String]) {
        for index in releases.indices { releases[index] = Known() }
        for entry in entries {
            guard let index = names.firstIndex(of: entry.release) else { continue }
            _ = appended(entry, release: index)
        }
    }

    mutating func appended(_ entry: JournalEntry, release: Int) -> String? {
        switch entry.event {
        case .intended: releases[release].isQuiet = false
        case .deployment(let record): return placed(record, entry.release, &releases[release])
        case .rollout(let id, let event): return take(event, id, &releases[release])
        default: break
        }
        return nil
    }

    private func take(_ event: RolloutEvent, _ id: String, _ known: inout Known) -> String? {
        switch event {
        case .prepared(let record): (known.id, known.version, known.hasBaked) = (id, record.version, false)
        case .begun: known.isQuiet = false
        case .baking: known.hasBaked = true
        case .ended(.promoted, _):
            guard known.id == id else { return nil }
            (known.awaitsTurn, known.isQuiet) = (true, true)
            if !known.hasBaked { return "\(id) is promoted, and has not baked" }
        default: break
        }
        return nil
    }

    private func placed(_ record: DeploymentRecord, _ name: String, _ known: inout Known) -> String? {
        // A freeze that ends in the same cycle is recorded before the turn.
        let isOfFreeze = record.freeze != known.freeze && record.isTurned == known.isTurned
        known.freeze = record.freeze
        if isOfFreeze { return nil }
        defer { (known.isTurned, known.awaitsTurn) = (record.isTurned, false) }
        guard known.awaitsTurn else { return nil }
        if let before = known.isTurned, before == record.isTurned {
            return "\(name): \(known.id ?? "") is promoted, and the roles are what they were"
        }
        guard let version = known.version, record.baseline.running != version else { return nil }
        return "\(name): \(version.text) is promoted, and the baseline is \(record.baseline.running?.text ?? "none")"
    }

    /// A share is set outside of a rollback.
    func applies(release: Int, _ split: Split, _ name: String) -> String? {
        guard releases[release].isQuiet else { return nil }
        return "\(name): \(split.canaryBasisPoints) bp are set, and all that happened since is a promotion"
    }
}
