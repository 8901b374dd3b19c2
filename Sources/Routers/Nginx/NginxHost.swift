import Foundation
import SystemSupport

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
    /// How much of a program's output is kept.
    var outputLimitBytes = 16_384

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
        do throws(DraftFile.Failure) { try DraftFile.replace(path, with: text, modeIfNew: 0o644) } catch {
            throw NginxHostError(reason: "\(path): \(error.reason)")
        }
    }

    func remove(_ path: String) { unlink(path) }

    func run(_ command: [String], timeoutMs: Int64) async throws(NginxHostError) -> (status: Int32, output: String) {
        let result: Result<ChildProgram.Ending, ChildProgram.Failure> = await withCheckedContinuation { waiting in
            // A thread of its own: a program that hangs does not delay other work on the disk.
            Thread.detachNewThread {
                let limits = ChildProgram.Limits(timeoutMs: timeoutMs, outputBytes: outputLimitBytes)
                waiting.resume(
                    returning: Result { () throws(ChildProgram.Failure) in
                        try ChildProgram.run(command, limits: limits)
                    })
            }
        }
        switch result {
        case .success(let ending): return (ending.status, ending.output)
        case .failure(.cannotStart(let reason)):
            throw NginxHostError(reason: "\(command[0]) cannot be started: \(reason)")
        case .failure(.tookTooLong):
            throw NginxHostError(
                mayHaveActed: true, reason: "\(command.joined(separator: " ")) did not end within \(timeoutMs) ms")
        }
    }
}
