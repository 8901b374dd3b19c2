/// A unit as it is now: several services that are led as one rollout. What it shows is made of its parts.
public struct UnitSnapshot: Sendable, Equatable {
    public struct Part: Sendable, Equatable {
        /// In the unit: `api`.
        public var name: String
        /// Its release: `shop.api`.
        public var release: String
        public var rollout: RolloutSnapshot
        /// Waits for nothing but the other parts.
        public var isReady: Bool

        public init(name: String, release: String, rollout: RolloutSnapshot, isReady: Bool) {
            self.name = name
            self.release = release
            self.rollout = rollout
            self.isReady = isReady
        }
    }

    public var name: String
    /// In the order of the configuration, never empty; the first one asks for approvals.
    public var parts: [Part]

    public init(name: String, parts: [Part]) {
        self.name = name
        self.parts = parts
    }

    /// The unit's rollouts: those of its first part, with what the other parts add.
    public var rollout: RolloutSnapshot {
        var whole = parts[0].rollout
        whole.parts = parts
        whole.running = whole.running.map(merged)
        whole.queued = whole.queued.map(merged)
        whole.ended = whole.ended.map(merged)
        whole.gates = parts.flatMap { part in
            part.rollout.gates.map { gate in
                var gate = gate
                if !gate.isOfUnit { gate.gate = "\(part.name): \(gate.gate)" }
                return gate
            }
        }
        whole.standingMs = parts.map(\.rollout.standingMs).min() ?? 0
        whole.waitsFor = waitsFor
        let ways = parts.compactMap { part in part.rollout.wayBack.map { "\(part.name): \($0)" } }
        whole.wayBack = ways.count == parts.count ? ways.joined(separator: "; ") : nil
        return whole
    }

    private var waitsFor: String {
        let waiting = parts.filter { !$0.isReady && !$0.rollout.waitsFor.isEmpty }
        return waiting.map { "\($0.name): \($0.rollout.waitsFor)" }.joined(separator: "; ")
    }

    private func merged(_ rollout: Rollout) -> Rollout {
        let others = parts.dropFirst().compactMap { $0.rollout.rollout(rollout.id) }
        return rollout.merged(others, as: name)
    }
}

extension GateResult {
    /// The same for all parts of a unit, or asked by its first part alone.
    fileprivate var isOfUnit: Bool { gate == "approval" || gate == "calendar" || gate == "frozen" }
}
