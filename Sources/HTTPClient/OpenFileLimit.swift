import Glibc

/// Finds out why a connection could not be made when the reason is on this side.
enum OpenFileLimit {
    /// The reason as text when the process, or the system, has no file descriptor left; nil when there is one. libcurl
    /// says only that it could not connect, as if the server were to blame. Called after a failure, so one system call
    /// more costs nothing that counts.
    static var exhaustion: String? {
        let probe = open("/dev/null", O_RDONLY | O_CLOEXEC)
        if probe >= 0 {
            close(probe)
            return nil
        }
        switch errno {
        case EMFILE:
            let raise = "raise it with `ulimit -n`, or `LimitNOFILE=` in the systemd unit"
            return "too many open files: this process may have \(limit); \(raise)"
        case ENFILE: return "too many open files in the whole system (fs.file-max)"
        default: return nil
        }
    }

    private static var limit: String {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return "no more" }
        return "\(limit.rlim_cur)"
    }
}
