import Glibc

/// Programs that others than their owner and root may write: whoever can write them would run what they like as the daemon.
enum UntrustedFile {
    /// Why a program is not run; nil when it may be.
    static func reasonToRefuse(_ path: String) -> String? {
        var facts = stat()
        guard stat(path, &facts) == 0 else { return "\(path): \(String(cString: strerror(errno)))" }
        guard facts.st_mode & S_IFMT == S_IFREG else { return "\(path) is not a file" }
        guard facts.st_mode & (S_IWGRP | S_IWOTH) == 0 else {
            return "\(path) can be written by others than its owner; take that right away (chmod go-w)"
        }
        guard facts.st_uid == 0 || facts.st_uid == geteuid() else {
            return "\(path) belongs to another user than root and the daemon's"
        }
        return access(path, X_OK) == 0 ? nil : "\(path) cannot be executed: \(String(cString: strerror(errno)))"
    }
}
