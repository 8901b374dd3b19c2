import Model
package import Support

/// The rollouts of a release, and which version is where: the answer of `GET /api/v1/releases/{name}/rollouts`.
package struct RolloutsDocument: Codable, Sendable, Equatable {
    package struct Place: Codable, Sendable, Equatable {
        package var name: String
        /// `baseline` or `canary`.
        package var role: String
        /// Nil while nothing is known to run there.
        @ExplicitNull package var version: String?
        @ExplicitNull package var build: String?
    }

    package var places: [Place]
    /// Prepared, under way or baking; nil between rollouts.
    @ExplicitNull package var running: RolloutDocument?
    @ExplicitNull package var queued: RolloutDocument?
    /// Newest first, at most 20.
    package var ended: [RolloutDocument]
    @ExplicitNull package var frozen: HoldDocument?
    /// Versions whose latch holds.
    package var latched: [String]
    /// What the old version would come back with; nil when nothing of it runs.
    @ExplicitNull package var wayBack: String?
    /// Those of the next rollout, as configured.
    package var steps: [StepDocument]

    init(_ snapshot: RolloutSnapshot) {
        let deployment = snapshot.deployment
        places = deployment.places.map {
            Place(
                name: $0.name, role: $0.name == deployment.baseline.name ? "baseline" : "canary",
                version: $0.running?.version, build: $0.running?.build)
        }
        func document(_ rollout: Rollout) -> RolloutDocument { RolloutDocument(rollout, in: snapshot) }
        running = snapshot.running.map(document)
        queued = snapshot.queued.map(document)
        ended = snapshot.ended.map(document)
        frozen = deployment.freeze.map(HoldDocument.init)
        latched = deployment.failed.map(\.text)
        wayBack = snapshot.wayBack
        // With a rollout under way the estimates are those of its own steps.
        let isUnderWay = snapshot.running?.hasBegun ?? false
        steps = StepDocument.list(snapshot.plan.steps, isUnderWay ? [] : snapshot.estimates)
    }

    enum CodingKeys: String, CodingKey {
        case places, running, queued, ended, frozen, latched, steps
        case wayBack = "way_back"
    }
}

/// What happened to a rollout: the answer of `GET /api/v1/rollouts/{id}/events`.
package struct RolloutEventsDocument: Codable, Sendable, Equatable {
    package struct Event: Codable, Sendable, Equatable {
        package var sequence: UInt64
        package var at: WallTime
        /// `rollout_prepared`, `step_standing`, …
        package var event: String
        package var text: String

        init(_ line: Rollout.Line) {
            (sequence, event, text) = (line.sequence, line.event, line.text)
            at = WallTime(wallMs: line.atWallMs)
        }
    }

    package var rollout: RolloutDocument
    /// Those after the sequence that was asked for, oldest first.
    package var events: [Event]
    /// What to ask for next: `?after=`.
    package var last: UInt64

    init(_ rollout: Rollout, in snapshot: RolloutSnapshot, after sequence: UInt64) {
        self.rollout = RolloutDocument(rollout, in: snapshot)
        events = rollout.history.filter { $0.sequence > sequence }.map(Event.init)
        last = max(sequence, rollout.history.last?.sequence ?? 0)
    }
}
