import Foundation

/// A folder that is gone after the work.
enum TemporaryFolder {
    static func with<Result>(_ work: (String) async throws -> Result) async throws -> Result {
        let folder = NSTemporaryDirectory() + "rollguard-\(UInt32.random(in: 0...UInt32.max))"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        return try await work(folder)
    }

    static func write(_ text: String, to path: String) throws {
        try text.write(toFile: path, atomically: true, encoding: .utf8)
    }

    static func read(_ path: String) throws -> String { try String(contentsOfFile: path, encoding: .utf8) }
}
