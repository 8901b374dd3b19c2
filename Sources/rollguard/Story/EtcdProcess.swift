import Centres
import Foundation
import Glibc
import HTTPClient
import Model
import Ports

/// A real etcd of one member on loopback, in a folder of the demo, for as long as the demo runs.
final class EtcdProcess: @unchecked Sendable {
    // @unchecked: Foundation's Process is not Sendable; it is started before and stopped after everything else.
    private static let folders = ["/usr/bin", "/usr/local/bin"]

    let url: String
    private let process: Process
    private let transport: any HTTPTransport

    private init(url: String, process: Process, transport: any HTTPTransport) {
        self.url = url
        self.process = process
        self.transport = transport
    }

    /// - Throws: `Failure` when etcd is not installed, or does not answer within 20 s.
    static func start(in folder: URL, transport: any HTTPTransport) async throws -> EtcdProcess {
        guard let path = path else {
            throw Failure.unreachable("error: this demo needs etcd; install etcd-server, or put etcd on the PATH")
        }
        let (url, peers) = ("http://127.0.0.1:\(try freePort())", "http://127.0.0.1:\(try freePort())")
        let process = Process()
        process.executableURL = URL(fileURLWithPath: path)
        process.arguments = [
            "--data-dir", folder.appendingPathComponent("etcd").path, "--listen-client-urls", url,
            "--advertise-client-urls", url, "--listen-peer-urls", peers, "--initial-advertise-peer-urls", peers,
            "--initial-cluster", "default=\(peers)", "--log-level", "error",
        ]
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        process.standardInput = FileHandle.nullDevice
        try process.run()
        let etcd = EtcdProcess(url: url, process: process, transport: transport)
        for _ in 0..<200 {
            if await etcd.answers() { return etcd }
            do { try await Task.sleep(for: .milliseconds(100)) } catch { break }
        }
        etcd.stop()
        throw Failure.unreachable("error: etcd did not answer within 20 s")
    }

    private static var path: String? {
        let listed = ProcessInfo.processInfo.environment["PATH"]?.split(separator: ":").map(String.init) ?? []
        return (listed + folders).map { $0 + "/etcd" }.first { FileManager.default.isExecutableFile(atPath: $0) }
    }

    /// One that the system gives out now; etcd takes it a moment later.
    private static func freePort() throws -> Int {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isBound = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, length) == 0 && getsockname(descriptor, $0, &length) == 0
            }
        }
        guard descriptor >= 0, isBound else { throw Failure.unreachable("error: no free port") }
        return Int(UInt16(bigEndian: address.sin_port))
    }

    private func answers() async -> Bool {
        let answer = try? await transport.send(HTTPRequest(url: url + "/health", timeoutMs: 1_000))
        return answer?.status == 200
    }

    /// Writes one key.
    func put(_ key: String, _ value: String) async throws {
        _ = try await call("/v3/kv/put", "{\"key\":\"\(Self.base64(key))\",\"value\":\"\(Self.base64(value))\"}")
    }

    /// The value of a key; nil when there is none.
    func value(_ key: String) async throws -> String? {
        struct Range: Decodable {
            struct Pair: Decodable { let value: String? }

            let kvs: [Pair]?
        }
        let body = try await call("/v3/kv/range", "{\"key\":\"\(Self.base64(key))\"}")
        let pair = try JSONDecoder().decode(Range.self, from: Data(body)).kvs?.first
        return pair.flatMap { Data(base64Encoded: $0.value ?? "") }.map { String(decoding: $0, as: UTF8.self) }
    }

    private func call(_ path: String, _ body: String) async throws -> [UInt8] {
        let answer = try await transport.send(HTTPRequest(method: "POST", url: url + path, body: Array(body.utf8)))
        guard answer.status == 200 else { throw Failure.unreachable("error: etcd answered \(answer.status)") }
        return answer.body
    }

    private static func base64(_ text: String) -> String { Data(text.utf8).base64EncodedString() }

    /// Its data is thrown away, so it need not end in order.
    func stop() {
        guard process.isRunning else { return }
        kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
    }
}
