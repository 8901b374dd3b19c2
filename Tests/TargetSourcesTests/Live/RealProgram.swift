import Discovery
import Foundation
import HTTPClient
import Model
import Ports
import SystemSupport

@testable import TargetSources

/// A real program on loopback, stopped by its pid.
///
/// It is not started by Foundation's `Process`: that takes a program for ended that closes all descriptors that it has
/// inherited, as dnsmasq does, waits for it, and handles no other program meanwhile.
struct RealProgram {
    private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().path

    private let pid: pid_t

    /// The system's, or one that `scripts/setup.sh test` has unpacked into the checkout.
    static func path(_ name: String) -> String? {
        ["/usr/bin/", "/usr/sbin/", "\(root)/.consul/usr/bin/"].map { $0 + name }
            .first { FileManager.default.isExecutableFile(atPath: $0) }
    }

    struct NotReady: Error { let what: String }

    init(_ name: String, _ arguments: [String], folder: String) throws {
        guard let path = RealProgram.path(name) else { throw NotReady(what: "\(name) is not installed") }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        for descriptor: Int32 in 0...2 {
            posix_spawn_file_actions_addopen(&actions, descriptor, "/dev/null", O_RDWR, 0)
        }
        // `env` becomes the program, in its folder.
        let texts = (["/usr/bin/env", "-C", folder, path] + arguments).map { strdup($0) }
        defer { for text in texts { free(text) } }
        var pid: pid_t = 0
        let code = posix_spawn(&pid, "/usr/bin/env", &actions, nil, texts + [nil], environ)
        guard code == 0 else { throw NotReady(what: "\(path): \(String(cString: strerror(code)))") }
        self.pid = pid
    }

    func stop() {
        kill(pid, SIGKILL)
        while waitpid(pid, nil, 0) < 0, errno == EINTR {}
    }
}

/// What live tests share.
enum Live {
    static let transport = CurlTransport(userAgent: "Rollguard tests", secrets: FixedSecrets(secrets: secrets))
    /// By the variable that names them.
    static let secrets = [
        "MASTER": "3f0f7b8e-2c3a-4b0e-9f53-6a1f0c9d7a11", "ROOT": "right-secret-c0ffee", "WRONG": "wrong-secret-badbad",
    ]

    static func setup() -> SourceSetup {
        SourceSetup(
            transport: transport, secrets: FixedSecrets(secrets: secrets), clock: SystemClock(),
            files: DiskTargetFiles())
    }

    /// Below the range of ports that the system gives out by itself.
    static func port() -> Int { Int.random(in: 10_000..<32_000) }

    static func inFolder<Result>(_ work: (String) async throws -> Result) async throws -> Result {
        let folder = NSTemporaryDirectory() + "rollguard-\(UInt32.random(in: 0...UInt32.max))"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        return try await work(folder)
    }

    /// The body of an answer; nil when there is none with the status 200.
    static func call(
        _ method: String, _ url: String, _ body: String? = nil, headers: [TextPair] = []
    ) async -> String? {
        let request = HTTPRequest(method: method, url: url, headers: headers, body: body.map { Array($0.utf8) })
        guard let answer = try? await transport.send(request), answer.status == 200 else { return nil }
        return String(decoding: answer.body, as: UTF8.self)
    }

    /// Asks until the condition holds, for half a minute.
    static func eventually(_ holds: () async -> Bool) async throws {
        for _ in 0..<600 {
            if await holds() { return }
            try await Task.sleep(for: .milliseconds(50))
        }
        throw RealProgram.NotReady(what: "it did not become so within 30 s")
    }
}

/// A source that runs, with what it has answered.
actor RunningSource {
    private(set) var answers: [SourceAnswer] = []
    private var task: Task<Void, Never>?

    func start(_ source: any TargetSource) {
        task = Task { await source.run { await self.take($0) } }
    }

    private func take(_ answer: SourceAnswer) { answers.append(answer) }

    func stop() async {
        task?.cancel()
        await task?.value
    }

    /// Waits until the newest answer lists these addresses, in any order.
    func lists(_ addresses: [String]) async throws {
        try await wait { $0.addresses?.sorted() == addresses.sorted() }
    }

    /// Waits until the newest answer is a failure with this text in its reason.
    func fails(_ text: String) async throws { try await wait { $0.reason?.contains(text) == true } }

    private func wait(_ holds: (SourceAnswer) -> Bool) async throws {
        for _ in 0..<600 {
            if let newest = answers.last, holds(newest) { return }
            try await Task.sleep(for: .milliseconds(50))
        }
        throw RealProgram.NotReady(what: "the newest answer is \(String(describing: answers.last))")
    }
}
