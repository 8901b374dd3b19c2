import Foundation
import Glibc
import Synchronization
import SystemSupport

@testable import PlanSteps

/// A server of the system on loopback, gone with its test.
final class RealProgram: @unchecked Sendable {
    // @unchecked: Foundation's Process is not Sendable; each test drives its own from one task.
    private let process = Process()
    let folder: String
    let port: Int

    static let expectsPrograms = ProcessInfo.processInfo.environment["ROLLGUARD_EXPECTS_PROGRAMS"] == "1"
    /// Debian has the newest version's programs in a folder of their own.
    static let postgres = ["15", "16", "17"].map { "/usr/lib/postgresql/\($0)/bin" }.first {
        FileManager.default.isExecutableFile(atPath: $0 + "/initdb")
    }

    static func has(_ path: String) -> Bool {
        expectsPrograms || FileManager.default.isExecutableFile(atPath: path)
    }

    init(_ make: (_ folder: String, _ port: Int) async -> [String]) async throws {
        folder = "/tmp/rollguard-flags-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        chmod(folder, 0o777)
        port = try FreePort.take()
        let command = await make(folder, port)
        process.executableURL = URL(fileURLWithPath: command[0])
        process.arguments = Array(command.dropFirst())
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
    }

    func stop() async {
        process.terminate()
        for _ in 0..<500 where process.isRunning { try? await Task.sleep(for: .milliseconds(20)) }
        if process.isRunning { kill(process.processIdentifier, SIGKILL) }
        try? FileManager.default.removeItem(atPath: folder)
    }

    /// The exit status and the output of a program.
    @discardableResult
    static func run(_ command: [String]) async -> (status: Int32, output: String) {
        await OwnThread.run {
            let limits = ChildProgram.Limits(timeoutMs: 60_000, outputBytes: 64 << 10)
            let result = Result { () throws(ChildProgram.Failure) in
                try ChildProgram.run(command, in: ChildProgram.Surroundings(directory: "/tmp"), limits: limits)
            }
            guard case .success(let ending) = result else { return (-1, "\(result)") }
            return (ending.status, ending.output)
        }
    }
}

/// Ports that were free a moment ago, from below the range that the system gives out by itself, each once.
enum FreePort {
    private static let given = Mutex<Set<Int>>([])

    static func take() throws -> Int {
        for _ in 0..<100 {
            let port = Int.random(in: 10_000..<32_000)
            if isFree(port), given.withLock({ $0.insert(port).inserted }) { return port }
        }
        throw CocoaError(.featureUnsupported)
    }

    private static func isFree(_ port: Int) -> Bool {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        address.sin_port = in_port_t(UInt16(port)).bigEndian
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
    }
}
