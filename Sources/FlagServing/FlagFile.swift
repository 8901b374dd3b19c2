import Glibc
import SystemSupport

/// The file with the flags, and whether it has changed.
struct FlagFile {
    /// Of the file.
    private static let limitBytes = 4 << 20

    /// What `stat` says of one content: a file that was replaced has another inode, one that was edited another time.
    private struct Facts: Equatable {
        let inode: UInt64
        let size: Int64
        let seconds: Int
        let nanoseconds: Int
    }

    enum Reading {
        case unchanged
        case read([UInt8])
        case unreadable(String)
    }

    let path: String
    private var known: Facts?

    init(path: String) { self.path = path }

    /// Reads the file if it may have changed since the call before. Waits for the disk.
    mutating func read() -> Reading {
        guard let facts = facts() else {
            known = nil
            return .unreadable(String(cString: strerror(errno)))
        }
        guard facts != known else { return .unchanged }
        do throws(FileReadError) {
            let bytes = try RegularFile.read(path, limitBytes: FlagFile.limitBytes).bytes
            known = facts
            return .read(bytes)
        } catch {
            known = facts
            return .unreadable(error.reason)
        }
    }

    private func facts() -> Facts? {
        var found = stat()
        guard stat(path, &found) == 0 else { return nil }
        return Facts(
            inode: UInt64(found.st_ino), size: Int64(found.st_size), seconds: found.st_mtim.tv_sec,
            nanoseconds: found.st_mtim.tv_nsec)
    }
}
