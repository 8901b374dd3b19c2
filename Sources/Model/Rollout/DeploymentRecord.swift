/// What the journal knows of a service beside its rollouts: which version is where, which versions failed, whether it is
/// frozen. Each record replaces the ones before. After the first rollout it is the truth, and the configuration is only the
/// beginning.
public struct DeploymentRecord: Sendable, Equatable, Codable {
    public struct Place: Sendable, Equatable, Codable {
        public var name: String
        /// Nil while nothing is known to run there.
        public var running: VersionIdentity?
        /// What is scraped there, as the order that began the rollout named it; nil for what the configuration lists.
        public var targets: [TargetPlan]?

        public init(name: String, running: VersionIdentity?, targets: [TargetPlan]? = nil) {
            self.name = name
            self.running = running
            self.targets = targets
        }
    }

    public struct Attempts: Sendable, Equatable, Codable {
        public var of: VersionIdentity
        public var count: Int

        public init(of: VersionIdentity, count: Int) {
            self.of = of
            self.count = count
        }
    }

    /// A request that was answered, so that its repetition gets the same answer.
    public struct AnsweredRequest: Sendable, Equatable, Codable {
        public var key: String
        /// What was asked, in one line; another body under the same key is refused.
        public var body: String
        public var atWallMs: Int64
        public var answer: RolloutAnswer

        public init(key: String, body: String, atWallMs: Int64, answer: RolloutAnswer) {
            self.key = key
            self.body = body
            self.atWallMs = atWallMs
            self.answer = answer
        }
    }

    /// In the order of the configuration: the first one is the baseline until the roles turn.
    public var places: [Place]
    /// The second place is the baseline.
    public var isTurned = false
    /// The version that served before the last promotion, while it still runs in the other place: where a rollback goes back
    /// to. Nil before the first promotion, after a way back, and when another version takes the place.
    public var wayBack: VersionIdentity?
    /// Its instances disappeared, which was reported; nil and false while they answer.
    public var isWayBackLost: Bool?
    /// Versions whose latch holds; the newest last, at most 100.
    public var failed: [VersionIdentity] = []
    /// The newest last, at most 100.
    public var attempts: [Attempts] = []
    public var freeze: FreezeRecord?
    /// The newest last, at most 50, none older than seven days.
    public var answered: [AnsweredRequest] = []

    public init(places: [Place]) { self.places = places }

    public var baseline: Place { places[isTurned ? 1 : 0] }
    public var canary: Place { places[isTurned ? 0 : 1] }

    public func attempts(of version: VersionIdentity) -> Int { attempts.first { $0.of == version }?.count ?? 0 }
}

/// Nothing goes up; rollbacks and everything else that lowers a share continue.
public struct FreezeRecord: Sendable, Equatable, Codable {
    public var by: String
    public var reason: String
    /// Nil until an operator ends it.
    public var untilWallMs: Int64?

    public init(by: String, reason: String, untilWallMs: Int64?) {
        self.by = by
        self.reason = reason
        self.untilWallMs = untilWallMs
    }

    public func holds(atWallMs now: Int64) -> Bool { untilWallMs.map { now < $0 } ?? true }

    public var text: String { "frozen by \(by): \(reason)" }
}
