/// What a lead is about: each scope has at most one leader at a time.
public enum LeaseScope {
    /// Of all replicas. In a fleet its leader is the coordinator, which shares the releases out.
    public static let leader = "leader"

    private static let shardPrefix = "shard-"

    /// Of the releases of one shard of a fleet: `shard-17`.
    public static func shard(_ index: Int) -> String { shardPrefix + "\(index)" }

    /// The shard of such a scope; nil for another scope.
    public static func shard(of scope: String) -> Int? {
        scope.hasPrefix(shardPrefix) ? Int(scope.dropFirst(shardPrefix.count)) : nil
    }
}
