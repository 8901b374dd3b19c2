import Foundation
import Glibc
import Ports

#if canImport(Glibc)
#endif

/// Keeps a second daemon out of a state folder: two would both roll back and both deliver. The system drops the locks with
/// the process, however it ends.
///
/// Two locks are taken. The one of the folder itself survives that an operator removes the file `lock`; the one of the
/// file works on network file systems too, which refuse `flock` on a folder (flock(2), NFS).
final class FolderLock: Sendable {
    private let file: Int32
    private let folder: Int32

    /// The folder must be there. Throws `inUse` when another process holds either lock.
    init(directory: String) throws(JournalError) {
        let path = directory + "/lock"
        folder = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard folder >= 0 else {
            throw JournalError.unwritable(path: directory, reason: String(cString: strerror(errno)))
        }
        file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard file >= 0 else {
            let reason = String(cString: strerror(errno))
            close(folder)
            throw JournalError.unwritable(path: path, reason: reason)
        }
        guard FolderLock.take(file), FolderLock.take(folder, orUnsupported: true) else {
            close(file)
            close(folder)
            throw JournalError.inUse(path: path)
        }
    }

    /// Asks again for a second: the process before may be about to end, as in a restart. With `orUnsupported`, a file
    /// system that cannot lock this kind of file counts as success.
    private static func take(_ descriptor: Int32, orUnsupported: Bool = false) -> Bool {
        for _ in 0..<20 {
            if flock(descriptor, LOCK_EX | LOCK_NB) == 0 { return true }
            if orUnsupported, errno != EWOULDBLOCK, errno != EINTR { return true }
            usleep(50_000)
        }
        return false
    }

    deinit {
        close(file)
        close(folder)
    }
}
