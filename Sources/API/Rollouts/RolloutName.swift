import Model

/// Which release a rollout or a gate belongs to.
enum RolloutName {
    /// `checkout` of `checkout-r42`; nil for a text that is no rollout's id.
    static func release(of rollout: String) -> String? {
        rollout.wholeMatch(of: /(.+)-r[0-9]+/).map { String($0.1) }
    }

    /// The release whose rollout asked this gate, `checkout-r42-3-smoke-1`; nil when none did.
    static func release(ofGate gate: String, in releases: [ReleaseSnapshot]) -> String? {
        releases.first { release in
            guard let rollout = release.rollout else { return false }
            let known = [rollout.running].compactMap { $0 } + rollout.ended
            return known.contains { gate.hasPrefix("\($0.id)-") }
        }?.name
    }
}
