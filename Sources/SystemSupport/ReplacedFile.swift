import Glibc

/// Files that are replaced whole: a reader finds the old content or the new one, also after a crash.
package enum ReplacedFile {
    /// Writes beside the file, flushes, and renames over it. The file has the mode 0600.
    ///
    /// - Parameter isFlushed: waits until the disk has it; false for what may be lost with the machine.
    /// - Returns: why it could not be written; nil when it is on the disk.
    package static func write(_ bytes: [UInt8], to path: String, isFlushed: Bool = true) -> String? {
        let draft = path + ".new"
        unlink(draft)
        let descriptor = open(draft, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { return "cannot write \(draft): \(lastReason())" }
        let failure = write(bytes, descriptor, isFlushed: isFlushed)
        close(descriptor)
        if failure == nil, rename(draft, path) == 0 { return nil }
        let reason = failure ?? lastReason()
        unlink(draft)
        return "cannot write \(path): \(reason)"
    }

    private static func write(_ bytes: [UInt8], _ descriptor: Int32, isFlushed: Bool) -> String? {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return lastReason() }
            rest = rest.dropFirst(count)
        }
        return !isFlushed || fsync(descriptor) == 0 ? nil : lastReason()
    }

    private static func lastReason() -> String { String(cString: strerror(errno)) }
}
