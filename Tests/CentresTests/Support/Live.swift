import Foundation
import HTTPClient
import Model
import Ports
import SourceCalls
import Synchronization
import SystemSupport

@testable import Centres

/// Secrets by the name of their variable.
struct FixedSecrets: SecretStore {
    var secrets: [String: String] = [:]

    func secret(_ reference: SecretReference) throws(SecretError) -> String {
        guard case .environment(let name) = reference, let secret = secrets[name] else {
            throw .unsetVariable(name: "TEST")
        }
        return secret
    }
}

/// What live tests share.
enum Live {
    static let secrets = FixedSecrets(secrets: [
        "MASTER": "3f0f7b8e-2c3a-4b0e-9f53-6a1f0c9d7a11", "ROOT": "right-secret-c0ffee", "WRONG": "wrong-secret-badbad",
    ])
    static let transport = CurlTransport(userAgent: "Rollguard tests", secrets: secrets)
    static let setup = CallSetup(transport: transport, secrets: secrets, clock: SystemClock())

    /// Below the range of ports that the system gives out by itself.
    static func port() -> Int { Int.random(in: 10_000..<32_000) }

    static func inFolder<Result>(_ work: (String) async throws -> Result) async throws -> Result {
        let folder = NSTemporaryDirectory() + "rollguard-\(UInt32.random(in: 0...UInt32.max))"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        return try await work(folder)
    }

    /// The body of an answer; nil when there is none with the status 200.
    @discardableResult
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

    static func base64(_ text: String) -> String { Data(text.utf8).base64EncodedString() }

    static func files(_ texts: [String: String]) -> [CentreFile] {
        texts.map { CentreFile(path: $0.key, bytes: Array($0.value.utf8)) }.sorted { $0.path < $1.path }
    }

    /// A change as `rollguard config push` makes it.
    static func change(
        _ files: [CentreFile], removed: [String] = [], revision: Int64, replacing: String?
    ) -> CentreChange {
        let manifest = ManifestText.manifest(of: files, revision: revision, author: "ci", reason: "", isForced: false)
        return CentreChange(
            files: files, removed: removed, manifest: ManifestText.encode(manifest), replacing: replacing)
    }
}

/// How long a wait for a change took.
func milliseconds(_ body: () async throws -> Void) async rethrows -> Int64 {
    let start = SystemClock().uptimeNs
    try await body()
    return (SystemClock().uptimeNs - start) / 1_000_000
}
