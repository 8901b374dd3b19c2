import Centres
import Logging
import Ports

/// A configuration centre with what the daemon starts with.
struct CentreLink: Sendable {
    let centre: any Centre
    let store: any CentreShelf
    let start: CentreStart.Outcome
    /// Reads the policy of a release; nil where there is none to read.
    var policy: (@Sendable (_ release: String) -> (any Centre)?)?
    /// Where the shares that were in force are kept.
    var shares: CentreStore?

    func service(
        reloader: Reloader, watchdog: Watchdog, clock: any DaemonClock, logger: Logger, board: CentreBoard, seed: UInt64
    ) -> CentreService {
        CentreService(
            centre: centre, start: start, store: store, reloader: reloader, watchdog: watchdog, clock: clock,
            logger: logger, board: board, seed: seed)
    }
}
