import Foundation

/// Replaces a file so that a reader sees the old text or the new one, whole.
///
/// The new text is written to a draft beside the file, under a fixed name that no router loads, flushed, and renamed over
/// the file. A file that has the draft's name is removed first and never written into: it could be a link that another
/// user put there.
enum DraftFile {
    struct Failure: Error {
        let reason: String
    }

    /// - Parameters:
    ///   - path: a link to a file stays a link; the file that it leads to is replaced.
    ///   - modeIfNew: the rights of a file that did not exist. An existing one keeps its rights and its owner.
    static func replace(_ path: String, with text: String, modeIfNew: mode_t?) throws(Failure) {
        let target = URL(fileURLWithPath: path).resolvingSymlinksInPath().path
        var status = stat()
        let exists = stat(target, &status) == 0
        guard let mode = exists ? status.st_mode & 0o777 : modeIfNew else {
            throw Failure(reason: "cannot read: \(lastReason())")
        }
        let draft = target + ".rollguard"
        unlink(draft)
        let descriptor = open(draft, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode)
        guard descriptor >= 0 else { throw Failure(reason: "cannot write \(draft): \(lastReason())") }
        // The umask took rights away; the router may be another user, or read by its group.
        _ = fchmod(descriptor, mode)
        if exists { _ = fchown(descriptor, status.st_uid, status.st_gid) }
        let failure = write(Array(text.utf8), to: descriptor)
        close(descriptor)
        if let failure {
            unlink(draft)
            throw Failure(reason: "cannot write \(draft): \(failure)")
        }
        guard rename(draft, target) == 0 else {
            let failure = lastReason()
            unlink(draft)
            throw Failure(reason: "cannot rename \(draft): \(failure)")
        }
    }

    private static func write(_ bytes: [UInt8], to descriptor: Int32) -> String? {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Foundation.write(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return lastReason() }
            rest = rest.dropFirst(count)
        }
        return fsync(descriptor) == 0 ? nil : lastReason()
    }

    private static func lastReason() -> String { String(cString: strerror(errno)) }
}
