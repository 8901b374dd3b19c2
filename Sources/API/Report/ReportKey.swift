import Crypto
import Foundation
import Synchronization
import SystemSupport

/// The key that signs reports: in the state folder, made with the first report, for this user alone.
final class ReportKey: Sendable {
    static let fileName = "report.key"

    private let path: String?
    private let known = Mutex<Data?>(nil)

    /// - Parameter folder: the state folder; nil makes a key for this process only.
    init(folder: String?) { path = folder.map { "\($0)/\(ReportKey.fileName)" } }

    func key() throws -> Curve25519.Signing.PrivateKey {
        try known.withLock { raw in
            if let raw { return try Curve25519.Signing.PrivateKey(rawRepresentation: raw) }
            let key = try stored() ?? made()
            raw = key.rawRepresentation
            return key
        }
    }

    /// The public half, base64.
    func publicKey() throws -> String { try key().publicKey.rawRepresentation.base64EncodedString() }

    private func stored() throws -> Curve25519.Signing.PrivateKey? {
        guard let path, FileManager.default.fileExists(atPath: path) else { return nil }
        let text = try RegularFile.read(path, limitBytes: 1_024).bytes
        let line = String(decoding: text, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
        guard let raw = Data(base64Encoded: line) else { throw CocoaError(.fileReadCorruptFile) }
        return try Curve25519.Signing.PrivateKey(rawRepresentation: raw)
    }

    private func made() throws -> Curve25519.Signing.PrivateKey {
        let key = Curve25519.Signing.PrivateKey()
        guard let path else { return key }
        let text = Data((key.rawRepresentation.base64EncodedString() + "\n").utf8)
        let attributes: [FileAttributeKey: Any] = [.posixPermissions: 0o600]
        guard FileManager.default.createFile(atPath: path, contents: text, attributes: attributes) else {
            throw CocoaError(.fileWriteUnknown)
        }
        return key
    }
}
