import Daemon
import Model
import Ports

/// The world's time, as one life of the daemon sees it.
struct VirtualClock: DaemonClock {
    let world: VirtualWorld
    let life: Int

    private static let longestMs: Int64 = 1 << 40

    var now: Moment { world.moment }

    var uptimeNs: Int64 { world.moment.uptimeMs * 1_000_000 }

    var taskExecutor: (any TaskExecutor)? { world.executor }

    func sleep(ns: Int64) async throws(CancellationError) {
        if Task.isCancelled { throw CancellationError() }
        guard ns > 0 else { return }
        let ms = min(Self.longestMs, ns / 1_000_000 + (ns % 1_000_000 > 0 ? 1 : 0))
        guard await world.pause(ms: ms, life: life) else { throw CancellationError() }
    }
}

extension VirtualWorld {
    /// Waits in virtual time. In a life that is over nothing wakes up.
    ///
    /// - Returns: false when the task was cancelled.
    func pause(ms: Int64, life: Int) async -> Bool {
        await sleeps.wait { number in
            if isAlive(life) { after(ms, .wake(number)) }
        } != nil
    }
}
