import Model

/// What a part of a unit does in the unit's rollout.
package struct PartDocument: Codable, Sendable, Equatable {
    /// In the unit: `api`.
    package var name: String
    /// Its release: `shop.api`.
    package var release: String
    package var place: String
    /// As of a rollout.
    package var state: String
    package var step: Int
    package var wantedStep: Int
    /// The part waits for nothing but the others.
    package var ready: Bool
    package var waitsFor: String
    /// The incident of its rollback.
    @ExplicitNull package var incident: String?

    /// Nil when the part is not in that rollout.
    init?(_ part: UnitSnapshot.Part, rollout id: String) {
        guard let rollout = part.rollout.rollout(id) else { return nil }
        let isRunning = part.rollout.running?.id == id
        (name, release, place) = (part.name, part.release, rollout.preparation.place)
        (state, step, wantedStep) = (rollout.state.rawValue, rollout.step, rollout.wantedStep)
        (ready, waitsFor) = (isRunning && part.isReady, isRunning ? part.rollout.waitsFor : "")
        incident = rollout.incident
    }

    enum CodingKeys: String, CodingKey {
        case name, release, place, state, step, ready, incident
        case wantedStep = "wanted_step"
        case waitsFor = "waits_for"
    }
}

/// A unit by itself: the figures of its parts are those of their releases.
package struct WholeUnitDocument: Codable, Sendable, Equatable {
    package var name: String
    /// In the order of the parts.
    package var releases: [ReleaseDocument]
    package var rollouts: RolloutsDocument

    init(_ unit: UnitSnapshot, in shown: Snapshot) {
        name = unit.name
        releases = unit.parts.compactMap { part in
            shown.releases.first { $0.name == part.release }.map { ReleaseDocument($0) }
        }
        rollouts = RolloutsDocument(unit.rollout)
    }
}

/// A unit: several releases that are led as one rollout.
package struct UnitDocument: Codable, Sendable, Equatable {
    package var name: String
    /// The releases of its parts, in their order.
    package var releases: [String]
    package var rollouts: RolloutsDocument

    init(_ unit: UnitSnapshot) {
        (name, releases) = (unit.name, unit.parts.map(\.release))
        rollouts = RolloutsDocument(unit.rollout)
    }
}
