import Glibc

/// Which file was opened at a path. A file that is removed while it is open takes everything that is written to it, and
/// loses it with the process.
struct FilePlace: Sendable {
    private let path: String
    private let device: dev_t
    private let inode: ino_t

    /// Nil when there is no file.
    init?(path: String) {
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        (self.path, device, inode) = (path, status.st_dev, status.st_ino)
    }

    /// Why the path does not lead to the file any more; nil while it does.
    var problem: String? {
        var status = stat()
        guard stat(path, &status) == 0 else {
            return errno == ENOENT
                ? "the file was removed while it was open; restore it, or restart rollguard, which begins a new journal"
                : nil
        }
        guard status.st_dev == device, status.st_ino == inode else {
            return "the file was replaced while it was open; restart rollguard"
        }
        return nil
    }
}
