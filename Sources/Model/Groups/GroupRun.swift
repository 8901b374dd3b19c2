/// A group as the journal entries of its incident describe it; ``apply(_:)`` is the only code that changes it.
public struct GroupRun: Sendable, Equatable {
    public let work: GroupWork
    public let begunWallMs: Int64
    public private(set) var decision: GroupDecision?
    public private(set) var committed: [Commit] = []
    /// Companions that were to go and have other versions, with the reason.
    public private(set) var stale: [Trouble] = []
    /// Those that were reported as not going yet; they may have gone since.
    public private(set) var delayed: [Trouble] = []
    public private(set) var endReason: String?

    public struct Commit: Sendable, Equatable {
        public let companion: GroupCompanion
        public let incident: String
    }

    public struct Trouble: Sendable, Equatable {
        public let companion: GroupCompanion
        public let reason: String
    }

    public init(_ work: GroupWork, atWallMs wallMs: Int64) { (self.work, begunWallMs) = (work, wallMs) }

    public var isOpen: Bool { endReason == nil }

    /// Those that go and have not answered that they do.
    public var pending: [GroupDecision.Goer] {
        (decision?.goes ?? []).filter { goer in
            !committed.contains { $0.companion == goer.companion } && !stale.contains { $0.companion == goer.companion }
        }
    }

    /// Operators were notified of something that they have to see to.
    public var wasReported: Bool { decision?.isHeld == true || !delayed.isEmpty || !stale.isEmpty }

    public func incident(of companion: GroupCompanion) -> String? {
        committed.first { $0.companion == companion }?.incident
    }

    public mutating func apply(_ event: GroupEvent) {
        switch event {
        case .begun, .prepared: break
        case .decided(let decision): self.decision = decision
        case .committed(let companion, let incident):
            guard self.incident(of: companion) == nil else { return }
            committed.append(Commit(companion: companion, incident: incident))
        case .delayed(let companion, let reason): delayed.append(Trouble(companion: companion, reason: reason))
        case .stale(let companion, let reason): stale.append(Trouble(companion: companion, reason: reason))
        case .ended(let reason, _): endReason = reason
        }
    }

    /// Its incident is history.
    public mutating func retire() { if endReason == nil { endReason = "the incident is over" } }

    /// `shop: cart goes back (cart-18); payment stays: no target of the baseline could be scraped`.
    public var text: String {
        guard let decision else { return "\(work.group): \(work.companions.map(\.text).joined(separator: ", ")) asked" }
        let goes = decision.goes.map { "\($0.companion.text) \(state(of: $0.companion))" }
        let stays = decision.stays.map { "\($0.companion.text) stays: \($0.reason)" }
        return "\(work.group): " + (goes + stays).joined(separator: "; ")
    }

    /// Of one that goes: `goes back (cart-18)`.
    public func state(of companion: GroupCompanion) -> String {
        if let incident = incident(of: companion) { return "goes back (\(incident))" }
        if let trouble = stale.first(where: { $0.companion == companion }) { return "stays: \(trouble.reason)" }
        let trouble = delayed.last { $0.companion == companion }
        return trouble.map { "does not go back yet: \($0.reason)" } ?? (isOpen ? "is to go back" : "was to go back")
    }
}
