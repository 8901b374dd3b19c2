import Glibc
package import SystemSupport

/// The files that list targets: those of the disk, or virtual ones.
package protocol TargetFiles: Sendable {
    func read(_ path: String, limitBytes: Int) throws(FileReadError) -> [UInt8]

    /// The files that match a pattern with one `*` in its last segment, sorted by bytes. A path without a `*` gives itself.
    func expand(_ pattern: String) -> [String]

    /// Differs whenever the file may hold something else than before; nil where there is none.
    func stamp(_ path: String) -> FileStamp?
}

/// What the system knows of a file's content without reading it. A file that is renamed into place has another inode; one that
/// is written in place has another time.
package struct FileStamp: Sendable, Equatable {
    package var device: UInt64
    package var inode: UInt64
    package var sizeBytes: Int64
    package var modifiedNs: Int64
    package var changedNs: Int64

    package init(device: UInt64 = 0, inode: UInt64 = 0, sizeBytes: Int64 = 0, modifiedNs: Int64, changedNs: Int64) {
        self.device = device
        self.inode = inode
        self.sizeBytes = sizeBytes
        self.modifiedNs = modifiedNs
        self.changedNs = changedNs
    }
}

/// The real files.
package struct DiskTargetFiles: TargetFiles {
    package init() {}

    package func read(_ path: String, limitBytes: Int) throws(FileReadError) -> [UInt8] {
        try RegularFile.read(path, limitBytes: limitBytes).bytes
    }

    package func expand(_ pattern: String) -> [String] {
        guard pattern.contains("*") else { return [pattern] }
        var found = glob_t()
        defer { globfree(&found) }
        guard glob(pattern, 0, nil, &found) == 0, let paths = found.gl_pathv else { return [] }
        let names = (0..<Int(found.gl_pathc)).compactMap { paths[$0].map { String(cString: $0) } }
        return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }

    /// Follows links: what a mounted ConfigMap swaps is a link to a folder.
    package func stamp(_ path: String) -> FileStamp? {
        var status = Glibc.stat()
        guard stat(path, &status) == 0 else { return nil }
        return FileStamp(
            device: UInt64(status.st_dev), inode: UInt64(status.st_ino), sizeBytes: Int64(status.st_size),
            modifiedNs: nanoseconds(status.st_mtim), changedNs: nanoseconds(status.st_ctim))
    }

    private func nanoseconds(_ time: timespec) -> Int64 {
        Int64(time.tv_sec) &* 1_000_000_000 &+ Int64(time.tv_nsec)
    }
}
