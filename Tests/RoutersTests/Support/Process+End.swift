import Foundation
import Glibc

extension Process {
    /// Returns when the process has ended, which its caller has seen to. It is left to Foundation to collect it.
    ///
    /// Foundation's `waitUntilExit` waits until a socket closes that children which were started at the same moment may have
    /// inherited, so it can wait for another test's program; and that test for a thread which is waiting here.
    func waitUntilEnded() {
        var info = siginfo_t()
        while waitid(P_PID, id_t(processIdentifier), &info, WEXITED | WNOWAIT) != 0, errno == EINTR {}
    }
}
