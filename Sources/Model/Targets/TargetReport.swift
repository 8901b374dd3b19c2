public import Discovery

/// What the sources of a release list, and what became of it. For people and for `/api/v1/targets`.
public struct DiscoveryReport: Sendable, Equatable {
    /// One source.
    public struct Source: Sendable, Equatable {
        /// For messages: `file targets/checkout-*.json`.
        public var name: String
        public var kind: String
        /// Wall clock of the last answer that could be used; nil before the first.
        public var lastSuccessWallMs: Int64?
        /// Why the last try failed; nil when it worked.
        public var problem: String?
        /// No answer could be used for longer than `stale_after`.
        public var isStale: Bool
        /// The list is from the disk: the source has not answered since the daemon started.
        public var isFromDisk: Bool
        /// Targets in the list that is used.
        public var targets: Int
        /// An answer that is held until its grace is over: `shrink 12 -> 0`; nil when there is none.
        public var held: String?
        /// Targets that have come and gone often lately, at most ``flappingLimit`` names.
        public var flapping: [String] = []
        /// All of them.
        public var flappingCount = 0
        /// Since the daemon started.
        public var successes: Int
        public var failures: Int

        public static let flappingLimit = 10

        public init(
            name: String, kind: String, lastSuccessWallMs: Int64? = nil, problem: String? = nil, isStale: Bool = false,
            isFromDisk: Bool = false, targets: Int = 0, held: String? = nil, successes: Int = 0, failures: Int = 0
        ) {
            (self.name, self.kind, self.lastSuccessWallMs) = (name, kind, lastSuccessWallMs)
            (self.problem, self.isStale, self.isFromDisk) = (problem, isStale, isFromDisk)
            (self.targets, self.held, self.successes, self.failures) = (targets, held, successes, failures)
        }
    }

    /// A target that is in no pool, with the reason.
    public struct Dropped: Sendable, Equatable {
        public enum Reason: String, Sendable, Equatable {
            /// Relabelling drops it.
            case relabelled
            /// No pool selects it.
            case unmatched
            /// Both pools select it.
            case overlap
            /// Its address cannot be scraped.
            case unusable
            /// Another target has the same address.
            case duplicate
        }

        public var labels: LabelSet
        public var reason: Reason
        /// For people: why an address cannot be used, which other target has it; empty for other reasons.
        public var detail: String

        public init(labels: LabelSet, reason: Reason, detail: String = "") {
            (self.labels, self.reason, self.detail) = (labels, reason, detail)
        }
    }

    /// A target that is in a pool.
    public struct Active: Sendable, Equatable {
        public var target: TargetPlan
        /// Before relabelling.
        public var discovered: LabelSet
        /// After it; what begins with `__` is left out.
        public var labels: LabelSet

        public init(target: TargetPlan, discovered: LabelSet, labels: LabelSet) {
            (self.target, self.discovered, self.labels) = (target, discovered, labels)
        }
    }

    public var release: String
    public var sources: [Source]
    /// In both places, in the order of the lists.
    public var active: [Active]
    /// At most ``droppedLimit`` of them; the count has all.
    public var dropped: [Dropped]
    public var droppedCount: Int
    /// Of the lists in force.
    public var revision: Int

    public static let droppedLimit = 1_000

    public init(
        release: String, sources: [Source] = [], active: [Active] = [], dropped: [Dropped] = [], droppedCount: Int = 0,
        revision: Int = 0
    ) {
        (self.release, self.sources, self.active) = (release, sources, active)
        (self.dropped, self.droppedCount, self.revision) = (dropped, droppedCount, revision)
    }
}
