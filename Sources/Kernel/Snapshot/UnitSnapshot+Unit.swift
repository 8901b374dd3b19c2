import Model

extension UnitSnapshot {
    /// Nil for a unit whose parts are not led.
    init?(_ unit: Unit, _ releases: [Release]) {
        let parts = unit.members.compactMap { index -> Part? in
            let release = releases[index]
            guard let rollout = release.rolloutSnapshot else { return nil }
            return Part(
                name: release.partName, release: release.name, rollout: rollout,
                isReady: release.rollouts.running?.isWaitingForOthers ?? false)
        }
        guard parts.count == unit.members.count, !parts.isEmpty else { return nil }
        self.init(name: unit.name, parts: parts)
    }
}
