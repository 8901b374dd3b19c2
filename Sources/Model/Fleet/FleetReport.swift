/// A fleet as one of its members sees it, for the command line, the API and the metrics.
public struct FleetReport: Sendable, Equatable {
    /// One replica that shares the releases with the others.
    public struct Member: Sendable, Equatable {
        public var name: String
        /// Its API; nil when it has no `external_url`.
        public var address: String?
        /// The member that shows this.
        public var isSelf: Bool
        /// It writes the assignment.
        public var isCoordinator: Bool
        /// That it watches now.
        public var targets: Int
        /// Targets that it may watch; nil for no limit.
        public var capacity: Int?
        /// Releases that it leads.
        public var leads: Int
        /// Releases that it watches.
        public var watches: Int
        /// Releases of which it has evidence enough to lead them.
        public var ready: Int

        public init(
            name: String, address: String? = nil, isSelf: Bool = false, isCoordinator: Bool = false, targets: Int = 0,
            capacity: Int? = nil, leads: Int = 0, watches: Int = 0, ready: Int = 0
        ) {
            self.name = name
            self.address = address
            self.isSelf = isSelf
            self.isCoordinator = isCoordinator
            self.targets = targets
            self.capacity = capacity
            self.leads = leads
            self.watches = watches
            self.ready = ready
        }
    }

    /// How far a shard is what the assignment says.
    public enum State: String, Sendable, Equatable, CaseIterable {
        /// The first of its members leads it, and all of them are ready.
        case steady
        /// It is watched, and its owner changes, or a member gathers evidence.
        case moving
        /// No member watches it.
        case unwatched
    }

    /// Releases that are led by one member.
    public struct Shard: Sendable, Equatable {
        public var index: Int
        /// Sorted; those of this member's configuration.
        public var releases: [String]
        /// The member that leads it; nil while none does.
        public var owner: String?
        /// Other members that watch it, those of the assignment first.
        public var standbys: [String]
        public var state: State

        public init(
            index: Int, releases: [String] = [], owner: String? = nil, standbys: [String] = [], state: State
        ) {
            self.index = index
            self.releases = releases
            self.owner = owner
            self.standbys = standbys
            self.state = state
        }
    }

    /// Members that watch each release where there are enough.
    public var copies: Int
    /// Number of the assignment in force; 0 before the first.
    public var assignment: UInt64 = 0
    /// The targets are more than the members may watch.
    public var isOverloaded = false
    /// Shards that this member has seen come to another member, since its start.
    public var moves = 0
    /// Sorted by name.
    public var members: [Member] = []
    /// By index.
    public var shards: [Shard] = []
    /// By the name of a unit, whose parts are in one shard: its index.
    public var units: [String: Int] = [:]
    /// Why this member takes no part; nil while it does.
    public var problem: String?

    public init(copies: Int) { self.copies = copies }

    /// Of a release or a unit; nil for one that is not in the configuration.
    public func shard(of name: String) -> Shard? {
        shards.first { $0.releases.contains(name) || units[name] == $0.index }
    }

    public func member(_ name: String) -> Member? { members.first { $0.name == name } }

    /// `checkout is not watched here: ask rg-2 (https://rg-2.example:9411), which leads it, or rg-3 (…)`; nil for a shard that this
    /// member watches.
    public func watchedElsewhere(_ release: String, _ shard: Shard) -> String? {
        let names = [shard.owner].compactMap(\.self) + shard.standbys
        guard !names.contains(where: { member($0)?.isSelf == true }) else { return nil }
        guard let first = names.first else {
            return "no member of the fleet watches \(release) now; its shard \(shard.index) has no member yet"
        }
        let leads = shard.owner == nil ? "" : ", which leads it,"
        let others = names.dropFirst().map { " or \(text(of: $0))" }.joined()
        return "\(release) is not watched here: ask \(text(of: first))" + (others.isEmpty ? "" : leads + others)
    }

    /// `rg-2 (https://rg-2.example:9411)`
    public func text(of name: String) -> String { member(name)?.address.map { "\(name) (\($0))" } ?? name }
}
