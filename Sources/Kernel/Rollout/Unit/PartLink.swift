import Model

/// What a part of a unit would do next if it were alone. It waits until all parts want the same.
enum PartWish: Sendable, Equatable {
    case firstStep
    case nextStep
    case baking
    case endOfBaking
}

/// What ties a rollout to those of the other parts of its unit. A rollout of its own has one that is never used.
struct PartLink: Sendable, Equatable {
    private(set) var wish: PartWish?
    private var wishedUptimeMs: Int64 = 0
    /// The other parts are ready for the next step: only then an approval is asked for.
    var areOthersReady = true
    /// Something outside of the step holds a part, so the step's time counts in no part.
    var isUnitExcused = false
    /// A part before this one waits for an operator too, and reminds of both.
    var isRemindedByOther = false
    /// Halts of the other parts that do not end by themselves.
    var otherHalts: [Rollout.Halt] = []

    mutating func want(_ next: PartWish, at now: Int64) { (wish, wishedUptimeMs) = (next, now) }

    /// A new cycle judges again.
    mutating func forgetWish() { wish = nil }

    /// A wish is that of the last cycle: cycles that end no more say nothing of now.
    func wants(_ wanted: PartWish, withinMs limitMs: Int64, at now: Int64) -> Bool {
        wish == wanted && now - wishedUptimeMs <= limitMs
    }
}

/// What the share of a part has to do with those of the other parts.
struct ShareLink: Sendable, Equatable {
    struct Arrival: Sendable, Equatable {
        let basisPoints: Int
        let observed: [RouterObservation]
    }

    struct Undo: Sendable, Equatable {
        let step: Int
        let reason: String
    }

    /// The wanted share is in force here; the step is in force when it is in all parts.
    var arrival: Arrival?
    /// The other parts have to undo this step too.
    var undone: Undo?
    /// Parts of a lower rank are called first, so this one's router is not called yet.
    var isHeldBack = false

    /// A share begins its way into force.
    ///
    /// - Parameter rank: of the part, when the share is raised.
    init(rank: Int = 0) { isHeldBack = rank > 0 }
}
