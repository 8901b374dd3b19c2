import Foundation

#if canImport(Glibc)
import Glibc
#endif

/// A process of a scene: one shell command that becomes the program itself, its output in a file, stopped by its pid.
final class ChildProcess: @unchecked Sendable {
    // @unchecked: Foundation's Process is not Sendable; each scene drives its own from one task.
    private let process = Process()
    let log: URL

    init(_ command: String, folder: URL, log name: String, environment: [String: String]) throws {
        log = folder.appendingPathComponent(name)
        if !FileManager.default.fileExists(atPath: log.path) {
            _ = FileManager.default.createFile(atPath: log.path, contents: nil)
        }
        let handle = try FileHandle(forWritingTo: log)
        handle.seekToEndOfFile()
        process.executableURL = URL(fileURLWithPath: "/bin/sh")
        // `exec`: the shell's pid is the program's.
        process.arguments = ["-c", "exec \(command)"]
        process.currentDirectoryURL = folder
        process.environment = environment
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = handle
        process.standardError = handle
        try process.run()
    }

    var isRunning: Bool { process.isRunning }
    /// Of a process that has ended.
    var status: Int32? { process.isRunning ? nil : process.terminationStatus }
    var text: String { (try? String(contentsOf: log, encoding: .utf8)) ?? "" }

    /// Asks it to end, and makes it end when it does not within some seconds.
    func stop(_ signal: Int32 = SIGTERM) async {
        guard process.isRunning else { return }
        kill(process.processIdentifier, signal)
        for _ in 0..<250 where process.isRunning { try? await Task.sleep(for: .milliseconds(20)) }
        if process.isRunning { kill(process.processIdentifier, SIGKILL) }
        for _ in 0..<250 where process.isRunning { try? await Task.sleep(for: .milliseconds(20)) }
    }
}

/// Asks again and again, a bounded number of times, until something is true.
func eventually(_ tries: Int = 1_200, everyMs: Int = 25, _ condition: () async throws -> Bool) async -> Bool {
    for _ in 0..<tries {
        if (try? await condition()) == true { return true }
        try? await Task.sleep(for: .milliseconds(everyMs))
    }
    return false
}
