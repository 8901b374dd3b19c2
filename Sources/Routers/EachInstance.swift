/// Runs the same work for every instance at once: a lost instance must not hold up the others.
enum EachInstance {
    /// The results in the order of `members`.
    static func run<Member: Sendable, Result: Sendable>(
        _ members: [Member], _ work: @escaping @Sendable (Member) async -> Result
    ) async -> [Result] {
        // The usual fleet has one member; a task of its own would only cost a hop.
        if members.count == 1, let only = members.first { return [await work(only)] }
        return await withTaskGroup(of: (Int, Result).self) { group in
            for (index, member) in members.enumerated() {
                group.addTask { (index, await work(member)) }
            }
            var found: [(Int, Result)] = []
            for await result in group { found.append(result) }
            return found.sorted { $0.0 < $1.0 }.map(\.1)
        }
    }
}

/// The end of a call that is made of several parts.
struct Deadline: Sendable {
    private let end: ContinuousClock.Instant

    /// - Parameter timeoutMs: from now; anything below 1 counts as 1.
    init(afterMs timeoutMs: Int64) {
        end = .now + .milliseconds(min(max(timeoutMs, 1), Deadline.longestMs))
    }

    /// Never negative. 0 means that the time is over.
    var remainingMs: Int64 {
        let left = end - .now
        let (seconds, attoseconds) = left.components
        return max(0, seconds * 1_000 + attoseconds / 1_000_000_000_000_000)
    }

    private static let longestMs: Int64 = 86_400_000
}
