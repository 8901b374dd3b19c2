import Crypto
import Foundation

/// A file whose last line signs everything before it:
///
///     <!-- rollguard-signature ed25519 PUBLIC-KEY SIGNATURE -->
///
/// Both in base64. The signature (RFC 8032) is over the bytes before that line. Whoever has the public key from the
/// daemon can distinguish a report from one that was changed, without asking the daemon.
package struct SignedReport: Sendable, Equatable {
    /// Of the file.
    package static let limitBytes = 32 << 20
    private static let prefix = "<!-- rollguard-signature ed25519 "
    private static let suffix = " -->"

    /// The signer's, base64.
    package let publicKey: String
    private let signature: Data
    private let content: Data

    package enum Problem: Error, Sendable, Equatable, CustomStringConvertible {
        case noSignature
        case invalidSignature(String)
        case changed

        package var description: String {
            switch self {
            case .noSignature: "its last line is no signature of a report; download the report again"
            case .invalidSignature(let what): "the signature cannot be read: \(what)"
            case .changed: "the report is not as it was signed"
            }
        }
    }

    /// Signs a document.
    static func signed(_ content: [UInt8], with key: Curve25519.Signing.PrivateKey) throws -> [UInt8] {
        let signature = try key.signature(for: Data(content)).base64EncodedString()
        let publicKey = key.publicKey.rawRepresentation.base64EncodedString()
        return content + Array("\(prefix)\(publicKey) \(signature)\(suffix)\n".utf8)
    }

    /// Reads the last line of a report.
    package init(_ bytes: [UInt8]) throws(Problem) {
        let text = bytes.last == UInt8(ascii: "\n") ? bytes.dropLast() : bytes[...]
        let start = text.lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? text.startIndex
        let line = String(decoding: text[start...], as: UTF8.self)
        guard line.hasPrefix(SignedReport.prefix), line.hasSuffix(SignedReport.suffix) else { throw .noSignature }
        let parts = line.dropFirst(SignedReport.prefix.count).dropLast(SignedReport.suffix.count).split(separator: " ")
        guard parts.count == 2 else { throw .invalidSignature("a key and a signature are expected") }
        guard let signature = Data(base64Encoded: String(parts[1])), signature.count == 64 else {
            throw .invalidSignature("the signature is not 64 bytes in base64")
        }
        publicKey = String(parts[0])
        self.signature = signature
        content = Data(bytes[..<start])
    }

    /// Throws when the report is not what the holder of the key signed.
    ///
    /// - Parameter key: the daemon's public key, base64; nil trusts the key that the report itself names.
    package func verify(with key: String? = nil) throws(Problem) {
        guard let raw = Data(base64Encoded: key ?? publicKey),
            let known = try? Curve25519.Signing.PublicKey(rawRepresentation: raw)
        else { throw .invalidSignature("the key is not 32 bytes in base64") }
        guard key == nil || key == publicKey, known.isValidSignature(signature, for: content) else { throw .changed }
    }
}
