import Foundation

/// The machine that nginx runs on: its files and its program. A protocol, so that a test can have one that misbehaves.
protocol NginxHost: Sendable {
    /// Nil when there is no such file.
    func read(_ path: String) throws(NginxHostError) -> String?
    /// All or nothing: a reader sees the old text or the new one.
    func replace(_ path: String, with text: String) throws(NginxHostError)
    func remove(_ path: String)
    /// Why the file could not be replaced, found out without touching it; nil when nothing speaks against it.
    func writeProblem(_ path: String) -> String?
    /// Runs a program to its end, or kills it when its time is over.
    func run(_ command: [String], timeoutMs: Int64) async throws(NginxHostError) -> (status: Int32, output: String)
}

struct NginxHostError: Error, Sendable, Equatable {
    /// Whether what was asked for may have happened all the same.
    var mayHaveActed = false
    let reason: String
}

/// This machine.
struct LocalNginxHost: NginxHost {
    private static let fileLimitBytes = 1 << 20
    private static let outputLimitBytes = 16_384

    func read(_ path: String) throws(NginxHostError) -> String? {
        guard FileManager.default.fileExists(atPath: path) else { return nil }
        guard let data = FileManager.default.contents(atPath: path) else {
            throw NginxHostError(reason: "\(path) cannot be read")
        }
        guard data.count <= LocalNginxHost.fileLimitBytes else {
            throw NginxHostError(reason: "\(path) has more than \(LocalNginxHost.fileLimitBytes) bytes")
        }
        return String(decoding: data, as: UTF8.self)
    }

    func writeProblem(_ path: String) -> String? { FolderAccess.problem(replacing: path) }

    func replace(_ path: String, with text: String) throws(NginxHostError) {
        // A fixed name beside it: what a crash leaves is overwritten by the next try, and the rename stays on one disk.
        let draft = path + ".rollguard"
        do {
            try Data(text.utf8).write(to: URL(fileURLWithPath: draft))
            let handle = try FileHandle(forUpdating: URL(fileURLWithPath: draft))
            try handle.synchronize()
            try handle.close()
        } catch {
            throw NginxHostError(reason: "\(draft) cannot be written: \(LocalNginxHost.reason(error))")
        }
        guard rename(draft, path) == 0 else {
            throw NginxHostError(reason: "\(path) cannot be replaced: \(String(cString: strerror(errno)))")
        }
    }

    func remove(_ path: String) { unlink(path) }

    private static func reason(_ error: any Error) -> String {
        ((error as NSError).userInfo[NSUnderlyingErrorKey] as? NSError).map(\.localizedDescription)
            ?? error.localizedDescription
    }

    // MARK: Programs

    func run(_ command: [String], timeoutMs: Int64) async throws(NginxHostError) -> (status: Int32, output: String) {
        let process = Process()
        let output = Pipe()
        process.executableURL = URL(fileURLWithPath: command[0])
        process.arguments = Array(command.dropFirst())
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = output
        process.standardError = output
        let ended = AsyncStream<Void>.makeStream()
        process.terminationHandler = { _ in ended.continuation.finish() }
        do { try process.run() } catch {
            throw NginxHostError(reason: "\(command[0]) cannot be started: \(LocalNginxHost.reason(error))")
        }
        let pid = process.processIdentifier
        let guardian = Task {
            do { try await Task.sleep(for: .milliseconds(max(1, timeoutMs))) } catch { return false }
            kill(pid, SIGKILL)
            return true
        }
        for await _ in ended.stream {}
        guardian.cancel()
        guard await !guardian.value else {
            throw NginxHostError(
                mayHaveActed: true, reason: "\(command.joined(separator: " ")) did not end within \(timeoutMs) ms")
        }
        // The program has ended; what it wrote fits into the pipe, or it could not have.
        let said = output.fileHandleForReading.availableData.prefix(LocalNginxHost.outputLimitBytes)
        return (process.terminationStatus, String(decoding: said, as: UTF8.self))
    }
}
