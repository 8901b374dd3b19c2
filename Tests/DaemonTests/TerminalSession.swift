import Foundation

#if canImport(Glibc)
import Glibc
#endif

/// The rollguard executable on a pseudo terminal of its own, with a test at the keyboard.
final class TerminalSession: @unchecked Sendable {
    // @unchecked: Foundation's Process is not Sendable; each test drives its own from one task.
    private let process = Process()
    private let master: Int32
    private var bytes: [UInt8] = []

    struct Unavailable: Error {}

    /// `setsid` makes the terminal the controlling one, so that Ctrl-C is a signal.
    static let path = RealProgram.path("setsid")

    // TIOCGPTN and TIOCSPTLCK of ioctl_tty(2), which Glibc's module leaves out, as it does with posix_openpt.
    private static let (numberOfTerminal, lock): (UInt, UInt) = (0x8004_5430, 0x4004_5431)

    init(_ arguments: [String], folder: URL) throws {
        master = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK)
        var (number, isLocked): (CInt, CInt) = (0, 0)
        guard master >= 0, ioctl(master, Self.numberOfTerminal, &number) == 0,
            ioctl(master, Self.lock, &isLocked) == 0
        else { throw Unavailable() }
        let end = FileHandle(
            fileDescriptor: open("/dev/pts/\(number)", O_RDWR | O_NOCTTY), closeOnDealloc: true)
        process.executableURL = URL(fileURLWithPath: TerminalSession.path ?? "/nonexistent")
        process.arguments = ["--ctty", "--wait", Executable.path ?? ""] + arguments
        process.currentDirectoryURL = folder
        process.environment = ProcessInfo.processInfo.environment.merging(["TERM": "dumb"]) { $1 }
        process.standardInput = end
        process.standardOutput = end
        process.standardError = end
        try process.run()
        try end.close()
    }

    deinit { close(master) }

    /// What the terminal shows so far, the echo of what was typed included.
    var text: String {
        var chunk = [UInt8](repeating: 0, count: 4_096)
        while case let count = read(master, &chunk, chunk.count), count > 0 { bytes += chunk[..<count] }
        return String(decoding: bytes, as: UTF8.self).replacing("\r\n", with: "\n")
    }

    /// Waits until the terminal shows a text.
    func shows(_ wanted: String) async -> Bool {
        await eventually(400, everyMs: 25) { self.text.contains(wanted) }
    }

    func type(_ keys: String) { _ = Array(keys.utf8).withUnsafeBytes { write(master, $0.baseAddress, $0.count) } }

    /// The exit status; nil for a program that does not end.
    func end() async -> Int32? {
        // The output is read meanwhile, because a full terminal stops the program.
        let hasEnded = await eventually(1_200, everyMs: 25) {
            _ = self.text
            return !self.process.isRunning
        }
        guard hasEnded else {
            kill(process.processIdentifier, SIGKILL)
            return nil
        }
        return process.terminationStatus
    }
}
