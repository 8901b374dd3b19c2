import Foundation
import HTTPClient
import Model
import Ports

/// Secrets by name, for tests.
struct FixedSecrets: SecretStore {
    var values: [String: String] = [:]

    func secret(_ reference: SecretReference) throws(SecretError) -> String {
        guard case .environment(let name) = reference, let value = values[name] else {
            throw .unsetVariable(name: "\(reference)")
        }
        return value
    }
}

/// A transport for one test, ended with it.
func withTransport<Answer>(
    secrets: any SecretStore = FixedSecrets(), maxInFlight: Int = 16, maxWaiting: Int = 64,
    _ body: (CurlTransport) async throws -> Answer
) async throws -> Answer {
    let transport = CurlTransport(
        userAgent: "Rollguard/test", secrets: secrets, maxInFlight: maxInFlight, maxWaiting: maxWaiting)
    do {
        let answer = try await body(transport)
        await transport.shutdown()
        return answer
    } catch {
        await transport.shutdown()
        throw error
    }
}

extension CurlTransport {
    /// The error of a request that must fail; nil when it succeeds.
    func failure(_ request: HTTPRequest) async -> TransportError? {
        do throws(TransportError) {
            _ = try await send(request)
            return nil
        } catch {
            return error
        }
    }
}

extension HTTPResponse {
    var text: String { String(decoding: body, as: UTF8.self) }
}

/// An empty folder, removed with the object.
final class TemporaryFolder {
    let path: String

    init() throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent(
            "wire-" + UUID().uuidString.prefix(8))
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        path = folder.path
    }

    func file(_ name: String, _ text: String) throws -> String {
        try text.write(toFile: path + "/" + name, atomically: true, encoding: .utf8)
        return path + "/" + name
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }
}

/// Runs a program to its end and returns its output.
@discardableResult
func run(_ program: String, _ arguments: [String], in folder: String = "/") throws -> Data {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = [program] + arguments
    process.currentDirectoryURL = URL(fileURLWithPath: folder)
    let output = Pipe()
    process.standardOutput = output
    process.standardError = Pipe()
    try process.run()
    let data = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    guard process.terminationStatus == 0 else { throw CocoaError(.executableLoad) }
    return data
}

/// Polls until the condition holds; false after five seconds.
func eventually(_ condition: () async throws -> Bool) async rethrows -> Bool {
    for _ in 0..<500 {
        if try await condition() { return true }
        try? await Task.sleep(for: .milliseconds(10))
    }
    return false
}

func isInstalled(_ program: String) -> Bool {
    ["/usr/bin/", "/usr/sbin/", "/usr/local/bin/"].contains {
        FileManager.default.isExecutableFile(atPath: $0 + program)
    }
}
