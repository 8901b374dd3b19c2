import Foundation
import ReleaseKernel

#if canImport(Glibc)
import Glibc
#endif

/// Keeps a second daemon out of a state folder: two would both roll back and both deliver. The system drops the lock with
/// the process, however it ends.
final class FolderLock: Sendable {
    private let descriptor: Int32

    /// The folder must be there.
    init(directory: String) throws(JournalError) {
        let path = directory + "/lock"
        descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            throw JournalError.unwritable(path: path, reason: String(cString: strerror(errno)))
        }
        guard FolderLock.take(descriptor) else {
            close(descriptor)
            throw JournalError.inUse(path: path)
        }
    }

    /// Asks again for a second: the one before may be on its way out, as in a restart.
    private static func take(_ descriptor: Int32) -> Bool {
        for _ in 0..<20 {
            if flock(descriptor, LOCK_EX | LOCK_NB) == 0 { return true }
            usleep(50_000)
        }
        return false
    }

    deinit { close(descriptor) }
}
