import API
import Kernel
import Model

/// Makes snapshots of the kernel for readers, away from the actor that decides.
///
/// The ``Watchdog`` hands out a copy of its kernel, which costs it next to nothing; the snapshot is made of the copy on the
/// reading thread, and all readers get the same one until something has happened.
actor SnapshotCache {
    /// How old a snapshot may be when nothing but scrapes has happened since: within a cycle each target's answer changes
    /// something that is shown.
    static let ageLimitMs: Int64 = 200

    private struct Made {
        let mark: KernelCopy.Mark
        let snapshot: Snapshot
    }

    private let watchdog: Watchdog
    private var made: Made?

    init(watchdog: Watchdog) { self.watchdog = watchdog }

    nonisolated var unownedExecutor: UnownedSerialExecutor { ReadingExecutor.shared.asUnownedSerialExecutor() }

    /// What is so now. A command or an end of a cycle that came before this call shows in it.
    func snapshot() async -> Snapshot {
        if let known = made, await watchdog.isStill(known.mark) { return known.snapshot }
        let copy = await watchdog.copy()
        // Another reader may have made the same one, or a newer one, in the meantime.
        if let made, made.mark.isAsNew(as: copy.mark) { return made.snapshot }
        let snapshot = copy.kernel.snapshot(at: copy.now)
        made = Made(mark: copy.mark, snapshot: snapshot)
        return snapshot
    }

    /// Text made of a snapshot, on the reading thread too.
    func exposition(_ write: @Sendable (Snapshot) -> String) async -> String { write(await snapshot()) }
}

/// The kernel as it was at a moment.
struct KernelCopy: Sendable {
    /// Distinguishes two copies that may differ in what is shown.
    struct Mark: Sendable, Equatable {
        /// Counts everything that happened to the kernel but scrapes.
        var revision: Int
        var uptimeMs: Int64

        func isAsNew(as other: Mark) -> Bool {
            (revision, uptimeMs + SnapshotCache.ageLimitMs) >= (other.revision, other.uptimeMs)
        }
    }

    let kernel: Kernel
    let now: Moment
    let mark: Mark
}
