import Foundation

/// Runs a program to its end, and reads what it says while it runs: a program that says more than a pipe holds would
/// otherwise wait for a reader for ever.
enum ChildProgram {
    struct Limits {
        /// When it is over, the program and all that it started are killed.
        var timeoutMs: Int64
        /// Of the output, so many bytes are kept: one half from its beginning, one from its end. All of it is read.
        var outputBytes: Int
    }

    struct Ending {
        /// The exit status, or 128 and the signal's number.
        var status: Int32
        /// Standard output and standard error in the order in which they were written.
        var output: String
    }

    enum Failure: Error {
        case cannotStart(reason: String)
        case tookTooLong
    }

    /// Blocks until the program has ended: for a thread that may wait.
    static func run(_ command: [String], limits: Limits) throws(Failure) -> Ending {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { throw .cannotStart(reason: String(cString: strerror(errno))) }
        defer { close(ends[0]) }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        let started = spawn(command, output: ends[1])
        close(ends[1])
        let pid = try started.get()
        var output = KeptOutput(limitBytes: limits.outputBytes)
        let status = follow(pid, ends[0], deadlineMs: nowMs() + max(1, limits.timeoutMs), &output)
        guard let status else { throw .tookTooLong }
        return Ending(status: status, output: output.text)
    }

    /// In a process group of its own and with default signals.
    private static func spawn(_ command: [String], output: Int32) -> Result<pid_t, Failure> {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_adddup2(&actions, output, 1)
        posix_spawn_file_actions_adddup2(&actions, output, 2)
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var (all, none) = (sigset_t(), sigset_t())
        sigfillset(&all)
        sigemptyset(&none)
        posix_spawnattr_setsigdefault(&attributes, &all)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setpgroup(&attributes, 0)
        let flags = Int32(POSIX_SPAWN_SETPGROUP) | Int32(POSIX_SPAWN_SETSIGDEF) | Int32(POSIX_SPAWN_SETSIGMASK)
        posix_spawnattr_setflags(&attributes, Int16(flags))
        var arguments = command.map { strdup($0) } + [nil]
        defer { for argument in arguments { free(argument) } }
        var pid: pid_t = 0
        let code = posix_spawn(&pid, command[0], &actions, &attributes, &arguments, environ)
        return code == 0 ? .success(pid) : .failure(.cannotStart(reason: String(cString: strerror(code))))
    }

    /// Reads until the program has ended, whether or not something that it started still holds the pipe.
    ///
    /// - Returns: nil when the time was over first; then the whole group was killed.
    private static func follow(
        _ pid: pid_t, _ pipe: Int32, deadlineMs: Int64, _ output: inout KeptOutput
    ) -> Int32? {
        var isOpen = true
        while nowMs() < deadlineMs {
            if isOpen { isOpen = output.read(pipe, waitMs: 5) } else { usleep(2_000) }
            guard let status = ended(pid) else { continue }
            while isOpen, output.hasMore(pipe) { isOpen = output.read(pipe, waitMs: 0) }
            return status
        }
        kill(-pid, SIGKILL)
        waitpid(pid, nil, 0)
        return nil
    }

    /// The status of a program that has ended; nil while it runs.
    private static func ended(_ pid: pid_t) -> Int32? {
        var status: Int32 = 0
        guard waitpid(pid, &status, WNOHANG) == pid else { return nil }
        let signal = status & 0x7F
        return signal == 0 ? (status >> 8) & 0xFF : 128 + signal
    }

    private static func nowMs() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Int64(time.tv_sec) * 1_000 + Int64(time.tv_nsec) / 1_000_000
    }
}

/// The beginning and the end of what a program said.
struct KeptOutput {
    private let halfBytes: Int
    private var beginning: [UInt8] = []
    private var end: [UInt8] = []
    private var droppedBytes = 0
    private var chunk = [UInt8](repeating: 0, count: 16 << 10)

    init(limitBytes: Int) { halfBytes = max(1, limitBytes / 2) }

    var text: String {
        let gap = droppedBytes > 0 ? "\n… \(droppedBytes) bytes left out …\n" : ""
        return String(decoding: beginning, as: UTF8.self) + gap + String(decoding: end, as: UTF8.self)
    }

    /// Reads what is there, waiting for it a while; false when there will be no more.
    mutating func read(_ descriptor: Int32, waitMs: Int32) -> Bool {
        guard hasMore(descriptor, waitMs: waitMs) else { return true }
        let count = Foundation.read(descriptor, &chunk, chunk.count)
        guard count != 0 else { return false }
        guard count > 0 else { return errno == EINTR }
        take(chunk[..<count])
        return true
    }

    func hasMore(_ descriptor: Int32, waitMs: Int32 = 0) -> Bool {
        var waiting = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        return poll(&waiting, 1, waitMs) > 0
    }

    mutating func take(_ bytes: ArraySlice<UInt8>) {
        let first = bytes.prefix(halfBytes - beginning.count)
        beginning += first
        end += bytes.dropFirst(first.count)
        guard end.count > 2 * halfBytes else { return }
        drop(to: halfBytes)
    }

    private mutating func drop(to count: Int) {
        droppedBytes += end.count - count
        end.removeFirst(end.count - count)
    }
}
