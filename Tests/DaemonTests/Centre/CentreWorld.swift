import Foundation
import Testing

/// A real etcd and a folder with the configuration of `docs/centre.md`, whose commands run in it.
final class CentreWorld: @unchecked Sendable {
    // @unchecked: each test drives its own from one task.
    let folder: URL
    let url: String
    let apiPort: Int
    private let peers: String
    private var etcd: RealProgram?

    static let isPossible = Executable.path != nil && RealProgram.path("etcd") != nil

    /// The code blocks of a language, without their fences.
    static func blocks(_ language: String) throws -> [String] {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
        let text = try String(contentsOf: root.appendingPathComponent("docs/centre.md"), encoding: .utf8)
        return text.components(separatedBy: "```\(language)\n").dropFirst().map { $0.components(separatedBy: "```")[0] }
    }

    init() async throws {
        folder = try Scratch.folder("centre")
        (url, peers) = ("http://127.0.0.1:\(try Scratch.port())", "http://127.0.0.1:\(try Scratch.port())")
        apiPort = try Scratch.port()
        let blocks = try Self.blocks("yaml")
        let files = ["rollguard.yaml", "shop/releases/checkout.yaml", "shop/rules/errors.yaml"]
        for (name, text) in zip(files, blocks) { try write(name, text) }
        let local = try #require(blocks.first)
            .replacing("state: /var/lib/rollguard", with: "state: state\nlisten: 127.0.0.1:\(apiPort)")
            .replacing("http://127.0.0.1:2379", with: url).replacing("}\n", with: ", startup_wait: 5s}\n")
        try write("rollguard.yaml", local)
        try await startEtcd()
    }

    func write(_ name: String, _ text: String) throws {
        let file = folder.appendingPathComponent(name)
        try FileManager.default.createDirectory(
            at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try text.write(to: file, atomically: true, encoding: .utf8)
    }

    func startEtcd() async throws {
        etcd = try RealProgram(
            "etcd",
            [
                "--data-dir", "etcd", "--listen-client-urls", url, "--advertise-client-urls", url,
                "--listen-peer-urls", peers, "--initial-advertise-peer-urls", peers, "--initial-cluster",
                "default=\(peers)", "--log-level", "error",
            ], folder: folder)
        let health = try #require(URL(string: url + "/health"))
        #expect(await eventually { try await HTTP.send("GET", health).status == 200 }, "etcd does not answer")
    }

    func stopEtcd() async { await etcd?.stop() }

    func daemon() throws -> Executable { try Executable(["run"], folder: folder, environment: ["PWD": folder.path]) }

    /// Runs a command of a shell in the folder, with `rollguard` on its path.
    func shell(_ command: String) async throws -> (status: Int32, text: String) {
        let bin = URL(fileURLWithPath: Executable.path ?? "").deletingLastPathComponent().path
        let run = try Executable(
            program: "/bin/bash", ["-c", "cd '\(folder.path)' && export PATH='\(bin)':$PATH && \(command)"],
            folder: folder)
        let end = await run.end()
        let text = run.text
        await run.kill9()
        return (end?.status ?? -1, text)
    }

    func status() async throws -> String {
        let url = try #require(URL(string: "http://127.0.0.1:\(apiPort)/api/v1/status"))
        return try await HTTP.send("GET", url).text
    }

    /// One call of etcd's gateway; keys and values are base64.
    func etcd(_ path: String, _ fields: [String: String]) async throws {
        let body = fields.sorted { $0.key < $1.key }.map { "\"\($0)\":\"\(Data($1.utf8).base64EncodedString())\"" }
        let address = try #require(URL(string: url + path))
        let answer = try await HTTP.send("POST", address, body: "{\(body.joined(separator: ","))}")
        #expect(answer.status == 200, "\(answer.text)")
    }

    func end(_ daemons: Executable...) async {
        for daemon in daemons { await daemon.kill9() }
        await stopEtcd()
        try? FileManager.default.removeItem(at: folder)
    }
}
