import Synchronization
import Telemetry

/// Room for reading scrape bodies, one piece per scrape that is reading just now.
final class ScratchPool: Sendable {
    private let free = Mutex<[ReadingScratch]>([])
    /// As many as scrape bodies can be read at the same time on a large machine.
    private static let most = 32
    private static let largestKeptBytes = 1 << 20

    func take() -> ReadingScratch { free.withLock { $0.popLast() } ?? ReadingScratch() }

    func giveBack(_ scratch: consuming ReadingScratch) {
        guard scratch.byteCount <= Self.largestKeptBytes else { return }
        let kept = scratch
        free.withLock { if $0.count < Self.most { $0.append(kept) } }
    }
}
