import Model

/// Once the intent of a rollback is durable, the same version is not watched again and has no share in the end, unless an
/// operator has rearmed it. A new version ends the latch; a restart, a reload or a configuration that forgets the release
/// for a while does not.
struct LatchChecker {
    private struct Latch {
        var name: String?
        /// The newest intent, until something ends the latch.
        var intended: UInt64?
        var isDurable = false
        /// Of the newest record of which version is where: some version is latched.
        var hasFailed = false
    }

    private var latches: [Latch]

    init(releases: Int) { latches = Array(repeating: Latch(), count: releases) }

    mutating func newVersion(release: Int) { latches[release] = Latch(name: latches[release].name) }

    mutating func becameDurable(_ batch: JournalBatch) {
        for entry in batch.entries {
            guard let index = latches.firstIndex(where: { $0.name == entry.release }) else { continue }
            if latches[index].intended == entry.sequence { latches[index].isDurable = true }
        }
    }

    /// A crash has lost what was not durable.
    mutating func restarted() {
        for index in latches.indices where !latches[index].isDurable { newVersion(release: index) }
    }

    mutating func appended(_ entry: JournalEntry, release: Int) -> String? {
        latches[release].name = entry.release
        if case .intended(let intent) = entry.event, !intent.isDryRun {
            // An abort is no verdict: the version may begin again.
            if case .rollout(let order) = intent.trigger, !order.latches {
                newVersion(release: release)
            } else {
                latches[release].intended = entry.sequence
            }
        }
        if case .rearmed = entry.event { newVersion(release: release) }
        if case .ended(.replaced) = entry.event { newVersion(release: release) }
        if case .deployment(let record) = entry.event {
            // Operators rearm every version of a led release.
            let isRearmed = latches[release].hasFailed && record.failed.isEmpty
            if isRearmed { newVersion(release: release) }
            latches[release].hasFailed = !record.failed.isEmpty
        }
        guard case .began(_, let canary) = entry.event, latches[release].isDurable else { return nil }
        return "\(entry.release): \(canary) is watched although it is latched"
    }

    /// A rollback that is still under way may be in the middle of its steps; whether it is so in time, others check.
    func finished(_ snapshot: Snapshot, _ releases: [VirtualRelease]) -> String? {
        for index in releases.indices where latches[index].isDurable && releases[index].largestShare > 0 {
            let isOpen = snapshot.incidents.contains { $0.isOpen && $0.release == releases[index].name }
            if isOpen { continue }
            return "\(releases[index].name) was rolled back, and its canary has \(releases[index].largestShare) bp"
        }
        return nil
    }
}
