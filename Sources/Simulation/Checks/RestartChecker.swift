import Model

/// When nothing was on its way to the disk, the next life knows the same open incidents, the same latches and the same
/// firing alerts as the one that ended.
struct RestartChecker {
    private struct Memory {
        let name: String
        let version: String
        let open: String?
        let isLatched: Bool
        let firing: [String]
    }

    private var before: [Memory]?

    mutating func ended(_ snapshot: Snapshot, isNothingLost: Bool) {
        before = isNothingLost ? snapshot.releases.map { RestartChecker.memory(of: $0) } : nil
    }

    mutating func began(_ snapshot: Snapshot) -> String? {
        defer { before = nil }
        guard let before else { return nil }
        for old in before {
            // The files may have changed while the daemon was down.
            guard let release = snapshot.releases.first(where: { $0.name == old.name }) else { continue }
            guard release.canary.version == old.version else { continue }
            let new = RestartChecker.memory(of: release)
            if old.firing != new.firing { return "\(old.name): firing \(old.firing), after the restart \(new.firing)" }
            if old.open != new.open {
                return "\(old.name): open \(old.open ?? "none"), after the restart \(new.open ?? "none")"
            }
            if old.isLatched != new.isLatched {
                return "\(old.name): latched \(old.isLatched), after the restart \(new.isLatched)"
            }
        }
        let open = snapshot.incidents.filter { one in
            one.isOpen && !snapshot.releases.contains { $0.openIncident == one.id }
        }
        return open.first.map { "\($0.id) is open after the restart, and nothing continues it" }
    }

    private static func memory(of release: ReleaseSnapshot) -> Memory {
        Memory(
            name: release.name, version: release.canary.version, open: release.openIncident,
            // A drift that is corrected less than a minute after the last one has no entry: the incident stays closed.
            isLatched: release.phase == .rolledBack || (release.phase == .rollingBack && release.openIncident == nil),
            firing: release.rules.filter { $0.alert == .firing }.map(\.name))
    }
}
