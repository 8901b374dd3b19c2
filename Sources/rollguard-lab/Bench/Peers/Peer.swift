import Foundation

/// A program that scrapes the same targets: ours, or one of the peers'.
protocol Peer: Sendable {
    /// In tables and plots.
    var name: String { get }
    /// The executable; nil when it is not installed.
    var program: String? { get }
    /// Whether it judges rules.
    var hasRules: Bool { get }
    /// Series beyond which it is not run, because its memory would not fit into this machine.
    var seriesLimit: Int { get }
    /// Writes what it needs into the folder and returns its arguments.
    func prepare(_ assignment: Assignment, server: TargetServer, folder: String) async throws -> [String]
    /// The path and the text that show that it acted on a release.
    func call(for release: String) -> (path: String, text: String)
}

extension Peer {
    func start(_ assignment: Assignment, server: TargetServer, folder: String) async throws -> ChildProcess {
        guard let program else { throw ChildProcess.Failure.cannotStart(program: name, reason: "not installed") }
        try? FileManager.default.removeItem(atPath: folder)
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let arguments = try await prepare(assignment, server: server, folder: folder)
        return try ChildProcess(program: program, arguments: arguments, logPath: folder + "/log")
    }
}

enum Installed {
    /// A program's path; an environment variable may name another one.
    static func program(_ name: String, variable: String) -> String? {
        if let named = ProcessInfo.processInfo.environment[variable] { return executable(named) }
        let folders = (ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin").split(separator: ":")
        return folders.lazy.compactMap { executable("\($0)/\(name)") }.first
    }

    /// The program beside this one.
    static func sibling(_ name: String, variable: String) -> String? {
        if let named = ProcessInfo.processInfo.environment[variable] { return executable(named) }
        let folder = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent()
        return executable(folder.appendingPathComponent(name).path)
    }

    private static func executable(_ path: String) -> String? {
        FileManager.default.isExecutableFile(atPath: path) ? path : nil
    }

    static func write(_ text: String, to path: String) throws {
        try text.write(toFile: path, atomically: false, encoding: .utf8)
    }
}
