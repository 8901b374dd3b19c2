import Model

/// Which release a rollout or a gate belongs to.
enum RolloutName {
    /// `checkout` of `checkout-r42`; nil for a text that is no rollout's id.
    static func release(of rollout: String) -> String? {
        rollout.wholeMatch(of: /(.+)-r[0-9]+/).map { String($0.1) }
    }

    /// The release whose rollout asked this gate, `checkout-r42-3-smoke-1`; nil when none did.
    static func release(ofGate gate: String, in shown: Snapshot) -> String? {
        let led =
            shown.units.map { ($0.name, $0.rollout) }
            + shown.releases.compactMap { one in
                one.rollout.map { (one.name, $0) }
            }
        return led.first { _, rollout in
            let known = [rollout.running].compactMap { $0 } + rollout.ended
            return known.contains { gate.hasPrefix("\($0.id)-") }
        }?.0
    }
}

extension Snapshot {
    /// What orders to rollouts may name: units, and led releases that are in none.
    var namesOfLed: [String] {
        let parts = Set(units.flatMap { $0.parts.map(\.release) })
        return units.map(\.name) + releases.filter { $0.rollout != nil && !parts.contains($0.name) }.map(\.name)
    }
}
