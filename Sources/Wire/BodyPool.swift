/// Memory of bodies that were read, for bodies to come: a page of 100 kB per scrape would be a system call and its page
/// faults each time.
///
/// Several transports may share one, so that their spare memory does not add up.
public final class BodyPool: Sendable {
    private let free = Locked<[[UInt8]]>([])
    private let most: Int
    /// A larger one is let go: one large answer must not be kept for ever.
    static let largestKeptBytes = 1 << 20

    /// - Parameter most: buffers kept; as many as transfers at the same time.
    public init(most: Int) { self.most = most }

    /// An empty array, with room where one was given back. The last one given back is the likeliest to be in the cache.
    ///
    /// It is emptied here and not when it comes back: then its last reader may still hold a reference, and emptying it
    /// would make a second one of the same size.
    func take() -> [UInt8] {
        guard var body = free.withLock({ $0.popLast() }) else { return [] }
        body.removeAll(keepingCapacity: true)
        return body
    }

    func giveBack(_ body: [UInt8]) {
        guard body.capacity > 0, body.capacity <= Self.largestKeptBytes else { return }
        free.withLock { if $0.count < most { $0.append(body) } }
    }
}
