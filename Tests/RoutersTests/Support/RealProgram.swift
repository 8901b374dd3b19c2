import Foundation
import HTTPClient
import Model
import Ports

/// A real program on loopback, with its output in a file, stopped by its pid.
final class RealProgram: @unchecked Sendable {
    // @unchecked: driven from its bench's task alone.
    private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().path

    private let path: String
    private let arguments: [String]
    private let folder: String
    private let readyURL: String
    private var process: Process?

    /// From the local Python environment that `scripts/setup.sh test` makes, or the system's.
    static func path(_ name: String) -> String? {
        ["\(root)/.routers-venv/bin/", "/usr/bin/", "/usr/sbin/"].map { $0 + name }
            .first { FileManager.default.isExecutableFile(atPath: $0) }
    }

    /// - Parameter readyURL: answers 200 when the program is up.
    init(_ name: String, _ arguments: [String], folder: String, readyURL: String) throws {
        guard let path = RealProgram.path(name) else { throw NotReady(what: "\(name) is not installed") }
        (self.path, self.arguments, self.folder, self.readyURL) = (path, arguments, folder, readyURL)
    }

    struct NotReady: Error {
        let what: String
    }

    func start() async throws {
        let started = Process()
        started.executableURL = URL(fileURLWithPath: path)
        started.arguments = arguments
        started.currentDirectoryURL = URL(fileURLWithPath: folder)
        started.standardInput = FileHandle.nullDevice
        started.standardOutput = FileHandle.nullDevice
        started.standardError = FileHandle.nullDevice
        try started.run()
        process = started
        for _ in 0..<600 {
            if try await RealHTTP.status(readyURL) == 200 { return }
            guard started.isRunning else { break }
            try await Task.sleep(for: .milliseconds(25))
        }
        throw NotReady(what: "\(path) is not ready")
    }

    func stop() {
        guard let process, process.isRunning else { return }
        kill(process.processIdentifier, SIGKILL)
        process.waitUntilEnded()
    }
}

/// Requests to real programs, by the daemon's own transport.
enum RealHTTP {
    static let transport = CurlTransport(userAgent: "Rollguard tests", secrets: FakeSecrets())

    /// 0 when there is no answer.
    static func status(_ url: String) async throws -> Int {
        do throws(TransportError) {
            return try await RealHTTP.transport.send(HTTPRequest(url: url, timeoutMs: 1_000)).status
        } catch {
            return 0
        }
    }

    /// The JSON of an answer; nil when it is none.
    static func json(_ method: String = "GET", _ url: String, _ body: String? = nil, token: String? = nil) async throws
        -> [String: Any]?
    {
        let request = HTTPRequest(
            method: method, url: url, headers: token.map { [TextPair("Authorization", $0)] } ?? [],
            body: body.map { Array($0.utf8) }, timeoutMs: 5_000)
        let answer = try await RealHTTP.transport.send(request)
        return try JSONSerialization.jsonObject(with: Data(answer.body)) as? [String: Any]
    }
}

/// One bench with real programs at a time: twenty pairs of Envoys at once would measure the machine.
actor OneAtATime {
    static let shared = OneAtATime()
    private var isTaken = false
    private var waiting: [CheckedContinuation<Void, Never>] = []

    func run(_ work: @Sendable () async throws -> Void) async throws {
        if isTaken { await withCheckedContinuation { waiting.append($0) } }
        isTaken = true
        defer {
            if waiting.isEmpty { isTaken = false } else { waiting.removeFirst().resume() }
        }
        try await work()
    }
}
