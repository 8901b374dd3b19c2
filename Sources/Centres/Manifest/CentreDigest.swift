import Crypto
package import Model

/// Digests of files and of whole states: `sha256:` and 64 hexadecimal digits.
package enum CentreDigest {
    package static func of(_ bytes: [UInt8]) -> String { text(SHA256.hash(data: bytes)) }

    /// Each path and each content with its length before it, so that no two states have the same text.
    package static func of(_ files: [CentreFile]) -> String {
        var hash = SHA256()
        for file in files {
            hash.update(data: Array("\(file.path.utf8.count) \(file.path) \(file.bytes.count) ".utf8))
            hash.update(data: file.bytes)
        }
        return text(hash.finalize())
    }

    private static func text(_ digest: SHA256.Digest) -> String {
        let digits = Array("0123456789abcdef".utf8)
        var bytes = Array("sha256:".utf8)
        for byte in digest { bytes += [digits[Int(byte >> 4)], digits[Int(byte & 15)]] }
        return String(decoding: bytes, as: UTF8.self)
    }
}
