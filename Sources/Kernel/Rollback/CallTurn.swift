/// When a rollback may call its router: not beside a call that raises a share, because two calls must not meet on one instance;
/// and in a unit after the parts with a higher rank, which a router that does not answer delays by two seconds at most.
struct CallTurn: Sendable, Equatable {
    private static let rankMs: Int64 = 2_000

    /// A call that raises a share is on its way until then.
    private var blockedUntilUptimeMs: Int64?
    /// Parts of the unit with a higher rank go first until then; nil without such parts, or when they are out.
    private var rankUntilUptimeMs: Int64?
    private var hasRank = false

    /// - Parameter until: when a call that raises a share is over at the latest; nil without one.
    init(blockedUntilUptimeMs until: Int64? = nil) { blockedUntilUptimeMs = until }

    /// When it may call; nil for now.
    func waitsUntilUptimeMs(at now: Int64) -> Int64? {
        let until = max(blockedUntilUptimeMs ?? 0, rankUntilUptimeMs ?? 0)
        return now < until ? until : nil
    }

    /// The call that raises a share has been answered.
    ///
    /// - Returns: whether one was waited for.
    mutating func unblock() -> Bool {
        defer { blockedUntilUptimeMs = nil }
        return blockedUntilUptimeMs != nil
    }

    /// So many ranks go first. The first call of this counts: the turn is not put off again.
    mutating func keep(ranksBefore: Int, at now: Int64) {
        guard !hasRank else { return }
        hasRank = true
        rankUntilUptimeMs = ranksBefore > 0 ? now + Int64(ranksBefore) * CallTurn.rankMs : nil
    }

    /// The parts before it are out.
    ///
    /// - Returns: whether they were waited for.
    mutating func goAhead() -> Bool {
        defer { rankUntilUptimeMs = nil }
        return rankUntilUptimeMs != nil
    }
}
