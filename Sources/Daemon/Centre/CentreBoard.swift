import Model
import Synchronization

/// What the centre's service has last said of the centre, for those who show it.
final class CentreBoard: Sendable {
    private let shown = Mutex<CentreReport?>(nil)

    /// Nil without a centre.
    var report: CentreReport? { shown.withLock { $0 } }

    func show(_ report: CentreReport) { shown.withLock { $0 = report } }
}
