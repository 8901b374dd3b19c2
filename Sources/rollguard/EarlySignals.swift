import Foundation
import Synchronization

/// SIGHUP that arrives before the program is able to reload.
enum EarlySignals {
    /// The commands that reload their configuration on SIGHUP.
    private static let reloading: Set<String> = ["run", "router"]
    private static let isPending = Atomic<Bool>(false)

    /// For the commands that reload on SIGHUP: remembers the signal instead of being ended by it, until a service has
    /// taken over. Blocking the signal would not do, because the main thread waits with an empty signal mask later.
    static func rememberReloads() {
        guard CommandLine.arguments.dropFirst().first.map(reloading.contains) == true else { return }
        // The variable is initialised here, because a signal handler must not do that.
        isPending.store(false, ordering: .relaxed)
        var action = sigaction()
        action.__sigaction_handler.sa_handler = { _ in EarlySignals.isPending.store(true, ordering: .relaxed) }
        action.sa_flags = SA_RESTART
        sigaction(SIGHUP, &action, nil)
    }

    /// Whether a signal came before the handler of the reload service was there. True once.
    static func takePending() -> Bool { isPending.exchange(false, ordering: .relaxed) }
}
