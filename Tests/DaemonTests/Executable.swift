import Foundation

/// The rollguard executable that was built with these tests, as a process of its own.
final class Executable: @unchecked Sendable {
    // @unchecked: Foundation's Process is not Sendable; each test drives its own from one task.
    private let process = Process()
    private let output = Pipe()
    let log: URL

    /// Beside the test bundle; `swift test` names the bundle in the arguments.
    static let path: String? = {
        let bundle = CommandLine.arguments.first { $0.hasSuffix("PackageTests.xctest") }
        let folder = bundle.map { URL(fileURLWithPath: $0).deletingLastPathComponent() }
        let path = folder?.appendingPathComponent("rollguard").path
        return path.flatMap { FileManager.default.isExecutableFile(atPath: $0) ? $0 : nil }
    }()

    /// Starts it; standard output and error go to a file, so that no full pipe can stop it.
    ///
    /// - Parameters:
    ///   - program: another one than rollguard, by its path.
    ///   - input: a file that it reads as standard input.
    init(
        program: String? = nil, _ arguments: [String], folder: URL, environment: [String: String] = [:],
        input: URL? = nil
    ) throws {
        log = folder.appendingPathComponent("rollguard-\(UUID().uuidString).log")
        _ = FileManager.default.createFile(atPath: log.path, contents: nil)
        let handle = try FileHandle(forWritingTo: log)
        process.executableURL = URL(fileURLWithPath: program ?? Executable.path ?? "/nonexistent")
        process.arguments = arguments
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        process.standardOutput = handle
        process.standardError = handle
        // Not the terminal of whoever runs the tests: commands ask where there is one.
        process.standardInput = try input.map { try FileHandle(forReadingFrom: $0) } ?? FileHandle.nullDevice
        try process.run()
    }

    var isRunning: Bool { process.isRunning }
    var identifier: Int32 { process.processIdentifier }

    /// Everything it printed so far.
    var text: String { (try? String(contentsOf: log, encoding: .utf8)) ?? "" }

    /// Waits for its end, at most about that long.
    func end(withinSeconds limit: Double = 30) async -> (reason: Process.TerminationReason, status: Int32)? {
        for _ in 0..<Int(limit * 50) where process.isRunning { try? await Task.sleep(for: .milliseconds(20)) }
        return process.isRunning ? nil : (process.terminationReason, process.terminationStatus)
    }

    func signal(_ number: Int32) { kill(process.processIdentifier, number) }

    /// No process outlives its test.
    func kill9() async {
        signal(SIGKILL)
        _ = await end()
    }
}

/// Asks again and again, a bounded number of times, until something is true.
func eventually(
    _ tries: Int = 600, everyMs: Int = 50, _ condition: () async throws -> Bool
) async -> Bool {
    for _ in 0..<tries {
        if (try? await condition()) == true { return true }
        try? await Task.sleep(for: .milliseconds(everyMs))
    }
    return false
}
