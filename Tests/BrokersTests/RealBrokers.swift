import Foundation
import HTTPClient
import Model
import NIOCore
import NIOPosix
import Ports
import Synchronization
import Testing

@testable import Brokers

/// Programs that the tests talk to; where one is missing its tests are skipped, and `make test` fails.
enum Programs {
    static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().path

    static let expects = ProcessInfo.processInfo.environment["ROLLGUARD_EXPECTS_PROGRAMS"] == "1"

    static func path(_ name: String) -> String? {
        ["\(root)/.routers-venv/bin/", "/usr/lib/rabbitmq/bin/", "/usr/bin/", "/usr/sbin/"].map { $0 + name }
            .first { FileManager.default.isExecutableFile(atPath: $0) }
    }

    /// A file of a Python package in `.routers-venv`.
    static func packaged(_ folder: String, startingWith name: String) -> String? {
        let base = "\(root)/.routers-venv/lib"
        let versions = (try? FileManager.default.contentsOfDirectory(atPath: base)) ?? []
        let folders = versions.map { "\(base)/\($0)/site-packages/\(folder)" }
        return folders.lazy.compactMap { folder in
            (try? FileManager.default.contentsOfDirectory(atPath: folder))?.first { $0.hasPrefix(name) }
                .map { "\(folder)/\($0)" }
        }.first
    }

    /// Whether tests with the program run: where it is expected they fail instead of being skipped.
    static func has(_ name: String) -> Bool { expects || path(name) != nil }
}

/// A program on loopback, stopped by its id.
final class RealProgram: @unchecked Sendable {
    // @unchecked: each test drives its own from one task.
    private let process = Process()
    private let log: URL

    init(_ name: String, _ arguments: [String], folder: URL, environment: [String: String] = [:]) throws {
        let file = name.split(separator: "/").last ?? "program"
        log = folder.appendingPathComponent("\(file)-\(UUID().uuidString).log")
        _ = FileManager.default.createFile(atPath: log.path, contents: nil)
        let handle = try FileHandle(forWritingTo: log)
        process.executableURL = URL(
            fileURLWithPath: try #require(name.hasPrefix("/") ? name : Programs.path(name), "\(name) is not installed"))
        process.arguments = arguments
        process.currentDirectoryURL = folder
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = handle
        process.standardError = handle
        try process.run()
    }

    var text: String { (try? String(contentsOf: log, encoding: .utf8)) ?? "" }

    func kill9() async {
        kill(process.processIdentifier, SIGKILL)
        for _ in 0..<500 where process.isRunning { try? await Task.sleep(for: .milliseconds(10)) }
    }

    /// Asks it to end, which ends what it has started too.
    func end() async {
        process.terminate()
        for _ in 0..<1_000 where process.isRunning { try? await Task.sleep(for: .milliseconds(10)) }
        await kill9()
    }
}

enum Scratch {
    private static let given = Mutex<Set<Int>>([])

    static func folder() throws -> URL {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("brokers-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        return folder
    }

    /// A port that was free a moment ago, from below the range that the system gives out by itself and never one that was
    /// given before.
    static func port() throws -> Int {
        for _ in 0..<100 {
            let port = Int.random(in: 10_000..<32_000)
            let bound = try? ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .bind(host: "127.0.0.1", port: port).wait()
            guard let bound else { continue }
            try bound.close().wait()
            if given.withLock({ $0.insert(port).inserted }) { return port }
        }
        throw ChannelError.operationUnsupported
    }
}

/// Asks again and again, a bounded number of times, until something is true.
func eventually(_ tries: Int = 600, everyMs: Int = 50, _ condition: () async throws -> Bool) async -> Bool {
    for _ in 0..<tries {
        if (try? await condition()) == true { return true }
        try? await Task.sleep(for: .milliseconds(everyMs))
    }
    return false
}

/// JSON as a dictionary; nil for what is none.
func object(_ bytes: [UInt8]) -> [String: Any]? {
    try? JSONSerialization.jsonObject(with: Data(bytes)) as? [String: Any]
}
