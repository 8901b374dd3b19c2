/// Memory of bodies that were read, for bodies to come: a page of 100 kB per scrape would be a system call and its page
/// faults each time.
final class BodyPool: Sendable {
    private let free = Locked<[[UInt8]]>([])
    private let most: Int
    /// A larger one is let go: one large answer must not be kept for ever.
    static let largestKeptBytes = 1 << 20

    /// - Parameter most: buffers kept; as many as transfers at the same time.
    init(most: Int) { self.most = most }

    /// An empty array, with room where one was given back. The last one given back is the likeliest to be in the cache.
    func take() -> [UInt8] { free.withLock { $0.popLast() } ?? [] }

    func giveBack(_ body: consuming [UInt8]) {
        guard body.capacity > 0, body.capacity <= Self.largestKeptBytes else { return }
        body.removeAll(keepingCapacity: true)
        let kept = body
        free.withLock { if $0.count < most { $0.append(kept) } }
    }
}
