import CSpawn
import Foundation

/// Runs a program to its end, and reads what it says while it runs: a program that says more than a pipe holds would
/// otherwise wait for a reader for ever.
package enum ChildProgram {
    package struct Limits {
        /// When it is over, the program and all that it started are ended.
        package var timeoutMs: Int64
        /// Of the output, so many bytes are kept: one half from its beginning, one from its end. All of it is read.
        package var outputBytes: Int
        /// What the process group gets at the end of the time; nil kills it at once.
        package var stopSignal: Int32?
        /// From that signal to the kill.
        package var graceMs: Int64

        package init(timeoutMs: Int64, outputBytes: Int, stopSignal: Int32? = nil, graceMs: Int64 = 0) {
            self.timeoutMs = timeoutMs
            self.outputBytes = outputBytes
            self.stopSignal = stopSignal
            self.graceMs = graceMs
        }
    }

    /// Where the program runs.
    package struct Surroundings {
        /// `NAME=value`; nil for this process' own variables.
        package var environment: [String]?
        /// Absolute; nil for this process' own folder.
        package var directory: String?
        /// A session of its own, so that no terminal is there; else a process group of its own.
        package var hasOwnSession: Bool

        package init(environment: [String]? = nil, directory: String? = nil, hasOwnSession: Bool = false) {
            self.environment = environment
            self.directory = directory
            self.hasOwnSession = hasOwnSession
        }
    }

    package struct Ending {
        /// The exit status, or 128 and the signal's number.
        package var status: Int32
        /// Standard output and standard error in the order in which they were written.
        package var output: String
    }

    package enum Failure: Error {
        case cannotStart(reason: String)
        /// - output: what it had said.
        case tookTooLong(output: String)
    }

    /// Blocks until the program has ended: for a thread that may wait.
    ///
    /// - Parameter started: gets the process' number, which is that of its group too.
    package static func run(
        _ command: [String], in surroundings: Surroundings = Surroundings(), limits: Limits,
        started note: (Int32) -> Void = { _ in }
    ) throws(Failure) -> Ending {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { throw .cannotStart(reason: String(cString: strerror(errno))) }
        defer { close(ends[0]) }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        let started = spawn(command, surroundings, output: ends[1])
        close(ends[1])
        let pid = try started.get()
        note(pid)
        var output = KeptOutput(limitBytes: limits.outputBytes)
        let status = follow(pid, ends[0], limits, &output)
        guard let status else { throw .tookTooLong(output: output.text) }
        return Ending(status: status, output: output.text)
    }

    /// In a process group of its own and with default signals.
    private static func spawn(
        _ command: [String], _ surroundings: Surroundings, output: Int32
    ) -> Result<pid_t, Failure> {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_adddup2(&actions, output, 1)
        posix_spawn_file_actions_adddup2(&actions, output, 2)
        rg_spawn_closes_from(&actions, 3)
        if let directory = surroundings.directory { rg_spawn_changes_folder(&actions, directory) }
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var (all, none) = (sigset_t(), sigset_t())
        sigfillset(&all)
        sigemptyset(&none)
        posix_spawnattr_setsigdefault(&attributes, &all)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setpgroup(&attributes, 0)
        let own = surroundings.hasOwnSession ? Int32(rg_spawn_session_flag()) : Int32(POSIX_SPAWN_SETPGROUP)
        let flags = own | Int32(POSIX_SPAWN_SETSIGDEF) | Int32(POSIX_SPAWN_SETSIGMASK)
        posix_spawnattr_setflags(&attributes, Int16(flags))
        var arguments = command.map { strdup($0) } + [nil]
        var variables = (surroundings.environment ?? []).map { strdup($0) } + [nil]
        defer { for text in arguments + variables { free(text) } }
        var pid: pid_t = 0
        let code =
            surroundings.environment == nil
            ? posix_spawn(&pid, command[0], &actions, &attributes, &arguments, environ)
            : posix_spawn(&pid, command[0], &actions, &attributes, &arguments, &variables)
        return code == 0 ? .success(pid) : .failure(.cannotStart(reason: String(cString: strerror(code))))
    }

    /// Reads until the program has ended, whether or not something that it started still holds the pipe.
    ///
    /// - Returns: nil when the time was over first; then the whole group was ended.
    private static func follow(
        _ pid: pid_t, _ pipe: Int32, _ limits: Limits, _ output: inout KeptOutput
    ) -> Int32? {
        var isOpen = true
        if let status = wait(pid, pipe, &isOpen, untilMs: nowMs() + max(1, limits.timeoutMs), &output) { return status }
        if let signal = limits.stopSignal {
            kill(-pid, signal)
            let status = wait(pid, pipe, &isOpen, untilMs: nowMs() + limits.graceMs, &output)
            // What it started may have ignored the signal.
            kill(-pid, SIGKILL)
            if status != nil { return nil }
        }
        kill(-pid, SIGKILL)
        waitpid(pid, nil, 0)
        return nil
    }

    /// The status of the program when it ended in time.
    private static func wait(
        _ pid: pid_t, _ pipe: Int32, _ isOpen: inout Bool, untilMs deadlineMs: Int64, _ output: inout KeptOutput
    ) -> Int32? {
        while nowMs() < deadlineMs {
            if isOpen { isOpen = output.read(pipe, waitMs: 5) } else { usleep(2_000) }
            guard let status = ended(pid) else { continue }
            while isOpen, output.hasMore(pipe) { isOpen = output.read(pipe, waitMs: 0) }
            return status
        }
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
package struct KeptOutput {
    private let halfBytes: Int
    private var beginning: [UInt8] = []
    private var end: [UInt8] = []
    private var droppedBytes = 0
    private var chunk = [UInt8](repeating: 0, count: 16 << 10)

    package init(limitBytes: Int) { halfBytes = max(1, limitBytes / 2) }

    package var text: String {
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

    package mutating func take(_ bytes: ArraySlice<UInt8>) {
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
