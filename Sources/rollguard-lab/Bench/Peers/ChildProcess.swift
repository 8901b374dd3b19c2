import Foundation
import Synchronization

/// A program that is measured: started by the bench, watched through /proc, ended with it.
final class ChildProcess: Sendable {
    enum Failure: Error, CustomStringConvertible {
        case cannotStart(program: String, reason: String)
        case ended(program: String, log: String)

        var description: String {
            switch self {
            case .cannotStart(let program, let reason): "\(program) cannot be started: \(reason)"
            case .ended(let program, let log): "\(program) ended by itself; its log ends with:\n\(log)"
            }
        }
    }

    let pid: pid_t
    private let program: String
    private let logPath: String

    /// - Parameter logPath: takes standard output and standard error.
    init(program: String, arguments: [String], logPath: String) throws {
        self.program = program
        self.logPath = logPath
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 1, logPath, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
        posix_spawn_file_actions_adddup2(&actions, 1, 2)
        var pointers = ([program] + arguments).map { strdup($0) } + [nil]
        defer { for pointer in pointers { free(pointer) } }
        var pid: pid_t = 0
        let status = posix_spawn(&pid, program, &actions, nil, &pointers, environ)
        guard status == 0 else {
            throw Failure.cannotStart(program: program, reason: String(cString: strerror(status)))
        }
        self.pid = pid
        RunningChildren.add(pid)
    }

    /// - Throws: when the program has ended.
    func check() throws {
        guard waitpid(pid, nil, WNOHANG) == 0 else {
            RunningChildren.remove(pid)
            let log = (try? String(contentsOfFile: logPath, encoding: .utf8)) ?? ""
            throw Failure.ended(program: program, log: String(log.suffix(2_000)))
        }
    }

    /// Asks it to end, and after five seconds does not ask any more.
    func stop() async {
        kill(pid, SIGTERM)
        for _ in 0..<100 {
            guard waitpid(pid, nil, WNOHANG) == 0 else { return RunningChildren.remove(pid) }
            try? await Task.sleep(for: .milliseconds(50))
        }
        kill(pid, SIGKILL)
        waitpid(pid, nil, 0)
        RunningChildren.remove(pid)
    }

    /// User and system seconds of all its threads so far, ended ones included; zero when it has ended. The same time as in
    /// `/proc/PID/stat`, which knows hundredths of a second only.
    var cpuSeconds: Double {
        var (clock, time) = (clockid_t(), timespec())
        guard clock_getcpuclockid(pid, &clock) == 0, clock_gettime(clock, &time) == 0 else { return 0 }
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }

    /// Memory in RAM now: all of it, and the part that is the process's own. The rest are mapped files, code above all,
    /// which the kernel may drop and read again at any time, so it says little about what a program needs.
    var memory: (residentBytes: Int, anonymousBytes: Int) {
        guard let text = try? String(contentsOfFile: "/proc/\(pid)/status", encoding: .utf8) else { return (0, 0) }
        func bytes(_ name: String) -> Int {
            let line = text.split(separator: "\n").first { $0.hasPrefix(name) }
            let kibibytes = line?.split(whereSeparator: \.isWhitespace).dropFirst().first.flatMap { Int($0) }
            return (kibibytes ?? 0) * 1_024
        }
        return (bytes("VmRSS:"), bytes("RssAnon:"))
    }
}

/// What must not outlive the bench, also when it is interrupted: its children, and the folder of their data.
enum RunningChildren {
    private static let state = Mutex((pids: Set<pid_t>(), folder: String?.none))

    static func add(_ pid: pid_t) { state.withLock { _ = $0.pids.insert(pid) } }
    static func remove(_ pid: pid_t) { state.withLock { _ = $0.pids.remove(pid) } }

    /// A new folder for data; removed by ``clean()``.
    static func makeFolder() throws -> String {
        let base = FileManager.default.temporaryDirectory.appendingPathComponent("rollguard-bench-\(getpid())").path
        try FileManager.default.createDirectory(atPath: base, withIntermediateDirectories: true)
        state.withLock { $0.folder = base }
        return base
    }

    /// Ends the children and removes the folder.
    static func clean() {
        let left = state.withLock { state in
            defer { state = ([], nil) }
            return state
        }
        for pid in left.pids {
            kill(pid, SIGKILL)
            waitpid(pid, nil, 0)
        }
        if let folder = left.folder { try? FileManager.default.removeItem(atPath: folder) }
    }

    /// Cleans and leaves on Ctrl-C and when asked to end.
    static func watchSignals() -> [any DispatchSourceSignal] {
        [SIGINT, SIGTERM, SIGHUP].map { number in
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            source.setEventHandler {
                clean()
                exit(128 + number)
            }
            source.resume()
            return source
        }
    }
}
