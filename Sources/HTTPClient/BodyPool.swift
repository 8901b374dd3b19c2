import Synchronization

/// Memory of bodies: that of bodies that were read is kept for bodies to come, because a scrape body of 100 kB would be
/// a system call and its page faults each time; and all bodies that are being received have a limit together.
///
/// Several transports may share one, so that their spare memory does not add up.
package final class BodyPool: Sendable {
    private let free = Mutex<[[UInt8]]>([])
    private let most: Int
    private let limitBytes: Int
    private let heldBytes = Atomic<Int>(0)
    /// A larger one is let go: one large answer must not be kept for ever.
    static let largestKeptBytes = 1 << 20

    /// - Parameters:
    ///   - most: buffers kept; as many as are received at the same time, most often.
    ///   - limitBytes: of all bodies that are being received. A transfer that would go beyond it fails.
    package init(most: Int, limitBytes: Int = 512 << 20) {
        self.most = most
        self.limitBytes = limitBytes
    }

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

    /// Counts bytes that have come.
    ///
    /// - Returns: false, and nothing is counted, when they are too many.
    func hold(_ bytes: Int) -> Bool {
        guard heldBytes.wrappingAdd(bytes, ordering: .relaxed).newValue > limitBytes else { return true }
        letGo(bytes)
        return false
    }

    /// Of all bodies that are being received.
    var held: Int { heldBytes.load(ordering: .relaxed) }

    /// They belong to the caller now, or have been released.
    func letGo(_ bytes: Int) { heldBytes.wrappingSubtract(bytes, ordering: .relaxed) }
}
