/// How a release is led from its first share to all the traffic: `steps` of the configuration. Source of the terms: the
/// release design; every time is a duration by the monotonic clock, unless its name says `WallMs`.
public struct RolloutPlan: Sendable, Equatable, Codable {
    /// What a second release meets while one is under way.
    public enum BusyPolicy: String, Sendable, Equatable, Codable, CaseIterable {
        case refuse
        /// One waits; a newer one takes its place in the queue.
        case queue
        /// A higher version replaces the running one: its canary is taken out first, with proof.
        case supersede
    }

    /// The shares, rising; the last one is everything.
    public var steps: [StepPlan]
    public var bake: BakePlan
    public var onBusy = BusyPolicy.refuse
    /// How long a prepared place is kept for its deployment.
    public var prepareExpiresMs: Int64 = 1_800_000
    /// How long the start conditions may be missing before the rollout is aborted.
    public var checkingMaxMs: Int64 = 900_000
    /// Targets of the new place that have to answer; nil for all of them.
    public var minReady: Int?
    /// From the intent of a step to its share on every instance of the router; past it the step is undone.
    public var stepDeadlineMs: Int64 = 30_000
    /// A rollout that is older halts.
    public var maxMs: Int64 = 14 * 86_400_000
    /// Nil for any time.
    public var calendar: CalendarPlan?
    /// A step needs enough targets of the canary: `share <= 1.5 * canary / baseline`.
    public var checksCapacity = true
    /// Latency of a process that is younger is left out of the statistical tests.
    public var warmupMs: Int64 = 60_000
    /// A router whose split is off the share that it shows halts the rollout; false only warns.
    public var checksShare = true
    /// `latest`, `stable`, `main` and the like are accepted as versions.
    public var allowsMutableVersions = false
    /// Where a target says which version it runs; nil believes the order.
    public var versionLabel: VersionLabel?

    public init(steps: [StepPlan], bake: BakePlan = BakePlan()) {
        self.steps = steps
        self.bake = bake
    }

    /// A gate of a step needs statistical evidence, with or without a statistical rule.
    public var asksForEvidence: Bool { steps.contains { $0.evidence != nil } }
}

/// One step of a rollout: a share, and what has to hold before the next one.
public struct StepPlan: Sendable, Equatable, Codable {
    /// What happens when a step lasts too long.
    public enum Overdue: String, Sendable, Equatable, Codable, CaseIterable {
        case hold
        case rollback
    }

    /// The canary's share, 0...10 000. 0 is a step for test users: no comparison, only absolute rules and gates.
    public var basisPoints: Int
    /// After the share is in force: what is counted in it opens no gate. Rules that roll back see it.
    public var settleMs: Int64 = 30_000
    /// The step lasts so long at least.
    public var minMs: Int64 = 0
    /// Nil waits without an end.
    public var maxMs: Int64?
    public var overdue = Overdue.hold
    /// Of the canary, counted in this step after `settleMs`.
    public var requests: Double?
    /// Names of rules that have to be healthy over a whole window inside the step.
    public var rules: [String] = []
    public var evidence: EvidenceDemand?
    public var webhook: WebhookGatePlan?
    public var approval: ApprovalPlan?
    /// While the step is in force the router's route for test users is open: they get the canary at any share. Nil for a
    /// step that leaves it closed.
    public var forced: Bool?

    /// The route for test users is open in this step.
    public var opensForcedRoute: Bool { forced ?? false }

    public init(basisPoints: Int) { self.basisPoints = basisPoints }
}

/// How much proof a step asks for that the canary is no worse, before the next share is given.
public struct EvidenceDemand: Sendable, Equatable, Codable {
    /// The canary is at most so many times as bad as the baseline; nil where `excess` says it.
    public var ratio: Double?
    /// At the next share the release adds at most this part to everybody's bad requests: ratio `1 + excess / share`.
    public var excess: Double?
    /// The probability that a canary which is worse than that throughout the step passes.
    public var error: Double
    /// A canary error rate below this is good enough whatever the baseline's is, 0..<1; nil for none.
    public var floor: Double?

    public init(ratio: Double? = nil, excess: Double? = nil, error: Double = 0.05, floor: Double? = nil) {
        self.floor = floor
        self.ratio = ratio
        self.excess = excess
        self.error = error
    }

    /// The ratio that has to be excluded before the next share is given.
    ///
    /// - Parameter next: basis points, above 0.
    public func ratio(beforeBasisPoints next: Int) -> Double {
        ratio ?? 1 + (excess ?? 0.5) * 10_000 / Double(max(1, next))
    }

    /// The error budget of the n-th try of the same version: all tries together stay within twice `error`.
    public func error(attempt: Int) -> Double { error / Double(1 << min(20, max(0, attempt - 1))) }
}

/// An operator's yes.
public struct ApprovalPlan: Sendable, Equatable, Codable {
    /// Names of the tokens whose holders may approve; empty for everyone who may approve.
    public var of: [String] = []
    public var count = 1
    /// Whoever began the rollout does not count.
    public var isNotTheBeginner = false
    /// How long it is asked for before the gate has lapsed.
    public var askForMs: Int64 = 86_400_000
    /// How long a yes holds while other gates are still closed.
    public var validMs: Int64 = 3_600_000
    public var onLapse = GateFailure.hold

    public init() {}
}

/// What follows when a gate gets no answer in time.
public enum GateFailure: String, Sendable, Equatable, Codable, CaseIterable {
    case hold
    case rollback
    case proceed
}

/// Another program's yes, asked for by a signed POST.
public struct WebhookGatePlan: Sendable, Equatable, Codable {
    /// In ids and for people; unique within a step.
    public var name: String
    public var url: String
    /// Signs the request as a webhook receiver's secret does.
    public var secret: SecretReference?
    public var security = ClientSecurity()
    public var timeoutMs: Int64 = 5_000
    public var everyMs: Int64 = 60_000
    public var withinMs: Int64 = 1_800_000
    public var onFailure = GateFailure.hold

    public init(name: String, url: String) {
        self.name = name
        self.url = url
    }
}

/// After the last step: both versions run, rules judge, and the way back is open.
public struct BakePlan: Sendable, Equatable, Codable {
    public var forMs: Int64
    /// What the old version keeps while baking, as a control group; basis points.
    public var holdbackBasisPoints: Int

    public init(forMs: Int64 = 3_600_000, holdbackBasisPoints: Int = 0) {
        self.forMs = forMs
        self.holdbackBasisPoints = holdbackBasisPoints
    }
}

/// Where a target's exposition says which version it runs: a label of a series, such as `app_build_info{version="…"}`.
public struct VersionLabel: Sendable, Equatable, Codable {
    public var metric: String
    public var label: String

    public init(metric: String, label: String) {
        self.metric = metric
        self.label = label
    }
}

/// When shares may be raised, by the wall clock. Rollbacks and everything else that lowers a share ask no calendar.
public struct CalendarPlan: Sendable, Equatable, Codable {
    /// Any of them allows; none at all allows always.
    public var windows: [WeeklyWindow]
    /// Each of them forbids, whatever a window says.
    public var blackouts: [Blackout]
    /// The last step so long before a window closes.
    public var leadMs: Int64

    public init(windows: [WeeklyWindow] = [], blackouts: [Blackout] = [], leadMs: Int64 = 0) {
        self.windows = windows
        self.blackouts = blackouts
        self.leadMs = leadMs
    }
}

/// Hours of the week in a time zone. The zone's offsets are resolved when the configuration is read, because the kernel has
/// no time zones: `offsets` covers the years around.
public struct WeeklyWindow: Sendable, Equatable, Codable {
    /// 1 for Monday to 7 for Sunday.
    public var days: [Int]
    /// Minutes after midnight, local time; `fromMinute` belongs to the window, `toMinute` does not.
    public var fromMinute: Int
    public var toMinute: Int
    /// As it was written, for people: `Europe/Berlin`.
    public var zone: String
    /// Seconds that are added to UTC, each from its time on; rising; the first holds before as well.
    public var offsets: [ZoneOffset]

    public init(days: [Int], fromMinute: Int = 0, toMinute: Int = 1_440, zone: String = "UTC", offsets: [ZoneOffset]) {
        self.days = days
        self.fromMinute = fromMinute
        self.toMinute = toMinute
        self.zone = zone
        self.offsets = offsets
    }
}

public struct ZoneOffset: Sendable, Equatable, Codable {
    public var fromWallMs: Int64
    public var seconds: Int

    public init(fromWallMs: Int64, seconds: Int) {
        self.fromWallMs = fromWallMs
        self.seconds = seconds
    }
}

/// `fromWallMs` belongs to it, `toWallMs` does not.
public struct Blackout: Sendable, Equatable, Codable {
    public var fromWallMs: Int64
    public var toWallMs: Int64
    /// Why, for people; may be empty.
    public var reason: String

    public init(fromWallMs: Int64, toWallMs: Int64, reason: String = "") {
        self.fromWallMs = fromWallMs
        self.toWallMs = toWallMs
        self.reason = reason
    }
}
