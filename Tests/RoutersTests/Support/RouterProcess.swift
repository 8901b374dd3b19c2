import Foundation
import HTTPClient
import Model
import Ports

/// A real router in a folder of its own, which can be stopped and started again.
final class RouterProcess: @unchecked Sendable {
    // @unchecked: driven from its test's task alone.
    let folder: String
    private let command: [String]
    private let readyURL: String
    private let transport: CurlTransport
    private var process = Process()

    struct NotReady: Error {
        let log: String
    }

    init(command: [String], files: [String: String], folder: String, readyURL: String, transport: CurlTransport) throws
    {
        (self.command, self.folder, self.readyURL, self.transport) = (command, folder, readyURL, transport)
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        for (name, text) in files {
            try text.write(toFile: folder + "/" + name, atomically: true, encoding: .utf8)
        }
    }

    func start() async throws {
        process = Process()
        process.executableURL = URL(fileURLWithPath: command[0])
        process.arguments = Array(command.dropFirst())
        process.currentDirectoryURL = URL(fileURLWithPath: folder)
        process.environment = ["HOME": folder, "PATH": "/usr/sbin:/usr/bin:/bin"]
        process.standardInput = FileHandle.nullDevice
        _ = FileManager.default.createFile(atPath: folder + "/log", contents: nil)
        let log = FileHandle(forWritingAtPath: folder + "/log") ?? FileHandle.nullDevice
        process.standardOutput = log
        process.standardError = log
        try process.run()
        for _ in 0..<500 {
            if (try? await get(readyURL)) != nil { return }
            guard process.isRunning else { break }
            try await Task.sleep(for: .milliseconds(20))
        }
        throw NotReady(log: (try? String(contentsOfFile: folder + "/log", encoding: .utf8)) ?? "")
    }

    /// Asked to end, so that nginx takes its workers with it.
    func stop() async {
        guard process.isRunning else { return }
        process.terminate()
        for _ in 0..<250 where process.isRunning { try? await Task.sleep(for: .milliseconds(20)) }
        if process.isRunning { kill(process.processIdentifier, SIGKILL) }
    }

    func get(_ url: String) async throws -> String {
        let response = try await transport.send(HTTPRequest(url: url))
        guard response.status == 200 else { throw NotReady(log: "\(url): \(response.status)") }
        return String(decoding: response.body, as: UTF8.self)
    }

    func patch(_ url: String, _ body: String) async throws {
        let request = HTTPRequest(
            method: "PATCH", url: url, headers: [TextPair("Content-Type", "application/json")], body: Array(body.utf8))
        let response = try await transport.send(request)
        guard response.status == 200 else { throw NotReady(log: "\(url): \(response.status)") }
    }
}
