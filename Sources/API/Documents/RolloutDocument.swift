import Model
package import Support

/// A rollout in its present state.
package struct RolloutDocument: Codable, Sendable, Equatable {
    package var id: String
    package var release: String
    package var version: String
    /// A commit or the digest of an image; nil where the order gave none.
    @ExplicitNull package var build: String?
    /// Where the version runs.
    package var place: String
    /// 1 for the first try of this version and build.
    package var attempt: Int
    /// `queued`, `prepared`, `checking`, `moving`, `standing`, `baking`, `rolling_back` or `ended`.
    package var state: String
    /// `promoted`, `rolled_back`, `aborted`, `withdrawn`, `superseded` or `expired`; nil before the end.
    @ExplicitNull package var end: String?
    @ExplicitNull package var endReason: String?
    /// The step whose share is in force, from 1; 0 before the first.
    package var step: Int
    /// Differs from `step` while a share is being set.
    package var wantedStep: Int
    /// The share of `step`.
    package var canaryBasisPoints: Int
    /// As they were when the rollout began; empty before.
    package var steps: [StepDocument]
    /// How long the present step, or the baking, has lasted.
    @ExplicitNull package var standingSeconds: Double?
    package var bakeSeconds: Double
    /// What the rollout waits for, in a sentence.
    package var waitsFor: String
    /// The gates of the present step, as the last cycle found them.
    package var gates: [GateDocument]
    /// The gates that are, or were, asked for.
    package var asked: [AskedGateDocument]
    @ExplicitNull package var paused: HoldDocument?
    package var halts: [HaltDocument]
    /// The freeze of the service.
    @ExplicitNull package var frozen: HoldDocument?
    /// What the old version would come back with; nil when nothing of it runs.
    @ExplicitNull package var wayBack: String?
    /// The incident of its rollback.
    @ExplicitNull package var incident: String?
    package var by: String
    @ExplicitNull package var begunBy: String?
    package var openedAt: WallTime
    @ExplicitNull package var endedAt: WallTime?
    /// Past it the reservation of the place is void; nil unless `state` is `prepared`.
    @ExplicitNull package var expiresAt: WallTime?
    /// For `If-Match`: changes with every entry of the rollout.
    package var tag: String
    /// Sequence of its newest entry.
    package var revision: UInt64
    /// Of a unit, in their order; empty for a release of its own.
    package var parts: [PartDocument]

    init(_ rollout: Rollout, in snapshot: RolloutSnapshot) {
        let isRunning = snapshot.running?.id == rollout.id
        (id, release, tag, revision) = (rollout.id, rollout.release, rollout.tag, rollout.revision)
        (version, build, place) = (rollout.version.version, rollout.version.build, rollout.preparation.place)
        (attempt, by, begunBy) = (rollout.preparation.attempt, rollout.preparation.by, rollout.begunBy)
        (state, end) = (rollout.state.rawValue, rollout.end?.rawValue)
        endReason = rollout.endReason.isEmpty ? nil : rollout.endReason
        (step, wantedStep) = (rollout.step, rollout.wantedStep)
        canaryBasisPoints = rollout.basisPoints(ofStep: rollout.step)
        steps = StepDocument.list(rollout.steps, isRunning ? snapshot.estimates : [])
        let lasts = isRunning && (rollout.state == .standing || rollout.state == .baking)
        standingSeconds = lasts ? Double(snapshot.standingMs) / 1_000 : nil
        bakeSeconds = Double(rollout.bake.forMs) / 1_000
        waitsFor = isRunning ? snapshot.waitsFor : ""
        gates = isRunning ? snapshot.gates.map(GateDocument.init) : []
        asked = rollout.gates.map(AskedGateDocument.init)
        paused = rollout.pause.map { HoldDocument(by: $0.by, reason: $0.reason, untilWallMs: $0.untilWallMs) }
        halts = rollout.halts.map(HaltDocument.init)
        frozen = rollout.isOver ? nil : snapshot.deployment.freeze.map(HoldDocument.init)
        wayBack = isRunning ? snapshot.wayBack : nil
        incident = rollout.incident
        openedAt = WallTime(wallMs: rollout.openedWallMs)
        endedAt = rollout.endedWallMs.map { WallTime(wallMs: $0) }
        expiresAt = rollout.state == .prepared ? WallTime(wallMs: rollout.preparation.expiresWallMs) : nil
        parts = snapshot.parts.compactMap { PartDocument($0, rollout: rollout.id) }
    }

    enum CodingKeys: String, CodingKey {
        case id, release, version, build, place, attempt, state, end, step, steps, gates, asked, paused, halts, frozen
        case incident, by, tag, revision, parts
        case endReason = "end_reason"
        case wantedStep = "wanted_step"
        case canaryBasisPoints = "canary_basis_points"
        case standingSeconds = "standing_seconds"
        case bakeSeconds = "bake_seconds"
        case waitsFor = "waits_for"
        case wayBack = "way_back"
        case begunBy = "begun_by"
        case openedAt = "opened_at"
        case endedAt = "ended_at"
        case expiresAt = "expires_at"
    }
}

/// A gate of the present step.
package struct GateDocument: Codable, Sendable, Equatable {
    /// `settle`, `min`, `requests`, `rules`, `evidence`, `capacity`, the webhook's name, `approval`, `calendar` or `frozen`.
    package var gate: String
    package var open: Bool
    /// `412 of 500 requests`.
    package var text: String

    init(_ result: GateResult) { (gate, open, text) = (result.gate, result.isOpen, result.text) }
}

/// A gate that is asked for: of an operator, or of another program.
package struct AskedGateDocument: Codable, Sendable, Equatable {
    package struct Reply: Codable, Sendable, Equatable {
        /// `proceed`, `hold`, `rollback` or `later`.
        package var answer: String
        package var by: String
        package var reason: String
        @ExplicitNull package var validUntil: WallTime?

        enum CodingKeys: String, CodingKey {
            case answer, by, reason
            case validUntil = "valid_until"
        }
    }

    package var gate: String
    package var id: String
    package var step: Int
    package var askedAt: WallTime
    package var answerBy: WallTime
    package var lapsed: Bool
    package var replies: [Reply]

    init(_ open: Rollout.OpenGate) {
        (gate, id, step, lapsed) = (open.gate, open.id, open.step, open.hasLapsed)
        askedAt = WallTime(wallMs: open.askedWallMs)
        answerBy = WallTime(wallMs: open.untilWallMs)
        replies = open.replies.map {
            Reply(
                answer: $0.answer.rawValue, by: $0.by, reason: $0.reason,
                validUntil: $0.validUntilWallMs.map { WallTime(wallMs: $0) })
        }
    }

    enum CodingKeys: String, CodingKey {
        case gate, id, step, lapsed, replies
        case askedAt = "asked_at"
        case answerBy = "answer_by"
    }
}

/// Why nothing goes up, by the daemon's own decision.
package struct HaltDocument: Codable, Sendable, Equatable {
    package var reason: String
    package var text: String
    /// What ends it.
    package var remedy: String
    package var endsByItself: Bool

    init(_ halt: Rollout.Halt) {
        (reason, text) = (halt.reason.rawValue, halt.text)
        (remedy, endsByItself) = (halt.reason.remedy, halt.reason.endsByItself)
    }

    enum CodingKeys: String, CodingKey {
        case reason, text, remedy
        case endsByItself = "ends_by_itself"
    }
}

/// A pause of a rollout, or the freeze of a service.
package struct HoldDocument: Codable, Sendable, Equatable {
    package var by: String
    package var reason: String
    /// Nil until an operator ends it.
    @ExplicitNull package var until: WallTime?

    init(by: String, reason: String, untilWallMs: Int64?) {
        (self.by, self.reason, until) = (by, reason, untilWallMs.map { WallTime(wallMs: $0) })
    }

    init(_ freeze: FreezeRecord) {
        self.init(by: freeze.by, reason: freeze.reason, untilWallMs: freeze.untilWallMs)
    }
}
