import Foundation

/// The file of the API's unix socket. Whoever may open it may change things, so that is this user alone.
package enum UnixSocketFile {
    /// In the state folder.
    package static let name = "rollguard.sock"
    /// `sun_path` of `sockaddr_un` has 108 bytes with its end (unix(7)).
    private static let pathLimitBytes = 107

    /// Why no socket can be made at the path; nil when nothing speaks against it.
    static func problem(_ path: String) -> String? {
        guard path.utf8.count > pathLimitBytes else { return nil }
        return "the path \(path) has more than \(pathLimitBytes) bytes; take a shorter `state`"
    }

    /// Removes a socket that an earlier process left; any other file stays.
    static func remove(_ path: String) {
        var status = stat()
        guard lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFSOCK else { return }
        unlink(path)
    }

    /// Takes the rights of everybody else away; says why where that fails.
    static func close(_ path: String) -> String? {
        chmod(path, 0o600) == 0 ? nil : String(cString: strerror(errno))
    }

    /// Whether a given path is such a socket, and this user's own (root may use any). Asked before anything
    /// is sent there.
    package static func isOwn(_ path: String) -> Bool {
        var status = stat()
        return path.hasPrefix("/") && path.hasSuffix("/" + name) && lstat(path, &status) == 0
            && status.st_mode & S_IFMT == S_IFSOCK && (status.st_uid == geteuid() || geteuid() == 0)
    }
}
