import Foundation
import SystemSupport

/// Which programs of steps run, as files: a program may outlive the daemon that started it, and must not run beside itself.
///
/// A file has the process' number and the time of its start (field 22 of `/proc/PID/stat`), because numbers are used again.
struct ProgramRuns: Sendable {
    let directory: String

    func note(_ key: String, pid: Int32) {
        guard let start = Self.startTime(pid) else { return }
        try? FileManager.default.createDirectory(
            atPath: directory, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        _ = ReplacedFile.write(Array("\(pid) \(start)\n".utf8), to: path(key))
    }

    func forget(_ key: String) { unlink(path(key)) }

    /// Waits until a program that an earlier daemon started for the same step has ended, and ends it at the limit. Blocks.
    func endFormer(_ key: String, limits: ChildProgram.Limits) {
        guard let former = former(key) else { return }
        var leftMs = limits.timeoutMs
        while leftMs > 0, Self.startTime(former.pid) == former.start {
            usleep(20_000)
            leftMs -= 20
        }
        guard Self.startTime(former.pid) == former.start else { return }
        kill(-former.pid, limits.stopSignal ?? SIGKILL)
        var graceMs = limits.graceMs
        while graceMs > 0, Self.startTime(former.pid) == former.start {
            usleep(20_000)
            graceMs -= 20
        }
        kill(-former.pid, SIGKILL)
    }

    private func former(_ key: String) -> (pid: Int32, start: String)? {
        guard let bytes = try? RegularFile.read(path(key), limitBytes: 100) else { return nil }
        let parts = String(decoding: bytes.bytes, as: UTF8.self).split(whereSeparator: \.isWhitespace)
        guard parts.count == 2, let pid = Int32(parts[0]), pid > 1 else { return nil }
        return (pid, String(parts[1]))
    }

    private func path(_ key: String) -> String { directory + "/" + key.replacing("/", with: "+") }

    /// Nil for a process that is gone, or has ended and was not waited for.
    private static func startTime(_ pid: Int32) -> String? {
        guard let text = try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8),
            let end = text.lastIndex(of: ")")
        else { return nil }
        let fields = text[text.index(after: end)...].split(separator: " ")
        guard fields.count > 19, fields[0] != "Z" else { return nil }
        return String(fields[19])
    }
}
