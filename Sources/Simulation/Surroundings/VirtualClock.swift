import Daemon
import Model
import Ports

/// The world's time, as one life of the daemon sees it.
struct VirtualClock: DaemonClock {
    let process: DaemonProcess
    let life: Int

    private static let longestMs: Int64 = 1 << 40

    var now: Moment { process.moment }

    var uptimeNs: Int64 { process.moment.uptimeMs * 1_000_000 }

    var taskExecutor: (any TaskExecutor)? { process.executor }

    func sleep(ns: Int64) async throws(CancellationError) {
        if Task.isCancelled { throw CancellationError() }
        guard ns > 0 else { return }
        let ms = min(Self.longestMs, ns / 1_000_000 + (ns % 1_000_000 > 0 ? 1 : 0))
        guard await process.pause(ms: ms, life: life) else { throw CancellationError() }
    }
}
