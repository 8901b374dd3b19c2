import Foundation
import Glibc
import Logging
import Model
import Ports
import Synchronization
import SystemSupport

@testable import FlagServing

/// A served file of flags, with its log; gone with ``stop()``.
final class FlagWorld: Sendable {
    let folder: String
    let path: String
    let server: FlagServer
    let log = LogLines()
    private let port = Mutex(0)
    private let running: Task<Void, Never>

    /// - Parameter text: of the file; nil for no file.
    init(_ text: String?, slowReaderMs: Int64 = 30_000) async throws {
        folder = FileManager.default.temporaryDirectory.path + "/flags-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        path = folder + "/flags.json"
        if let text { try text.write(toFile: path, atomically: true, encoding: .utf8) }
        let bound = PortBox()
        let log = log
        let server = FlagServer(
            FlagServerPlan(host: "127.0.0.1", port: 0, file: path), clock: SystemClock(),
            logger: Logger(label: "flags") { _ in log }, slowReaderMs: slowReaderMs, onListening: { bound.set($0) })
        self.server = server
        running = Task { try? await server.run() }
        _ = await eventually { bound.number != 0 }
        port.withLock { $0 = bound.number }
    }

    var address: String { "http://127.0.0.1:\(number)" }

    var number: Int { port.withLock { $0 } }

    func write(_ text: String) throws { try text.write(toFile: path, atomically: true, encoding: .utf8) }

    func stop() async {
        running.cancel()
        await running.value
        try? FileManager.default.removeItem(atPath: folder)
    }

    static func document(_ variant: String, more: String = "") -> String {
        #"{"flags":{"new-checkout":{"state":"ENABLED","variants":{"on":true,"off":false},"defaultVariant":"\#(variant)"\#(more)}}}"#
    }
}

/// The port, as soon as it is known.
private final class PortBox: Sendable {
    private let port = Mutex(0)

    func set(_ number: Int) { port.withLock { $0 = number } }

    var number: Int { port.withLock { $0 } }
}

/// Keeps what is logged.
final class LogLines: LogHandler, Sendable {
    private let lines = Mutex<[String]>([])

    var all: [String] { lines.withLock { $0 } }

    func log(event: LogEvent) { lines.withLock { $0.append("\(event.level): \(event.message)") } }

    subscript(metadataKey _: String) -> Logger.Metadata.Value? {
        get { nil }
        set {}
    }

    var metadata: Logger.Metadata {
        get { [:] }
        set {}
    }

    var logLevel: Logger.Level {
        get { .trace }
        set {}
    }
}

/// A client of the tests in Python, which prints what it sees.
final class PythonClient: @unchecked Sendable {
    // @unchecked: Foundation's Process is not Sendable; each test drives its own from one task.
    private let process = Process()
    private let output: String

    static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().path
    static let python = root + "/.flags-venv/bin/python"
    private static let expectsPrograms = ProcessInfo.processInfo.environment["ROLLGUARD_EXPECTS_PROGRAMS"] == "1"
    static var canRun: Bool { expectsPrograms || FileManager.default.isExecutableFile(atPath: python) }

    init(_ script: String, _ arguments: [String], folder: String) throws {
        output = folder + "/client-\(UUID().uuidString)"
        _ = FileManager.default.createFile(atPath: output, contents: nil)
        let handle = try FileHandle(forWritingTo: URL(fileURLWithPath: output))
        process.executableURL = URL(fileURLWithPath: Self.python)
        process.arguments = ["-u", "-c", script] + arguments
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = handle
        process.standardError = handle
        try process.run()
    }

    var lines: [String] {
        let text = (try? String(contentsOfFile: output, encoding: .utf8)) ?? ""
        return text.split(separator: "\n").map(String.init)
    }

    /// Whether the client has printed the line; waits for it.
    func prints(_ line: String) async -> Bool { await eventually { self.lines.contains(line) } }

    func stop() async {
        kill(process.processIdentifier, SIGKILL)
        _ = await eventually { !self.process.isRunning }
    }
}

func eventually(_ holds: () -> Bool) async -> Bool {
    for _ in 0..<2_000 {
        if holds() { return true }
        try? await Task.sleep(for: .milliseconds(10))
    }
    return false
}
