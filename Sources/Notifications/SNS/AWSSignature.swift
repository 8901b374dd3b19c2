import Crypto
import Foundation
import Model
import Support

/// Signature Version 4 of Amazon Web Services
/// (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html), for a POST without a query.
struct AWSSignature: Sendable {
    let keyID: String
    let key: String
    let sessionToken: String?
    let region: String
    let service: String

    /// - Parameter url: with its path, which is not encoded further.
    func headers(url: String, contentType: String, body: [UInt8], nowWallMs: Int64) -> [TextPair] {
        let time = AWSSignature.time(nowWallMs)
        let (host, path) = AWSSignature.parts(url)
        var signed = [("content-type", contentType), ("host", host), ("x-amz-date", time)]
        if let sessionToken { signed.append(("x-amz-security-token", sessionToken)) }
        let names = signed.map(\.0).joined(separator: ";")
        let canonical =
            ["POST", path, ""].joined(separator: "\n") + "\n"
            + signed.map { "\($0.0):\($0.1)\n" }.joined() + "\n" + names + "\n"
            + Signature.hexadecimal(SHA256.hash(data: body))
        let scope = "\(time.prefix(8))/\(region)/\(service)/aws4_request"
        let text =
            "AWS4-HMAC-SHA256\n\(time)\n\(scope)\n"
            + Signature.hexadecimal(SHA256.hash(data: Array(canonical.utf8)))
        let authorization =
            "AWS4-HMAC-SHA256 Credential=\(keyID)/\(scope), SignedHeaders=\(names), "
            + "Signature=\(signature(text, day: String(time.prefix(8))))"
        var headers = [TextPair("X-Amz-Date", time), TextPair("Authorization", authorization)]
        if let sessionToken { headers.append(TextPair("X-Amz-Security-Token", sessionToken)) }
        return headers
    }

    private func signature(_ text: String, day: String) -> String {
        var key = SymmetricKey(data: Array("AWS4\(key)".utf8))
        for part in [day, region, service, "aws4_request"] {
            key = SymmetricKey(data: HMAC<SHA256>.authenticationCode(for: Array(part.utf8), using: key))
        }
        return Signature.hexadecimal(HMAC<SHA256>.authenticationCode(for: Array(text.utf8), using: key))
    }

    /// `20261128T040000Z`.
    private static func time(_ wallMs: Int64) -> String {
        let text = WallTime(wallMs: wallMs).description.prefix(19)
        return text.filter { $0 != "-" && $0 != ":" } + "Z"
    }

    /// The host with its port, and the path.
    private static func parts(_ url: String) -> (host: String, path: String) {
        let rest = url.firstRange(of: "://").map { url[$0.upperBound...] } ?? url[...]
        let host = rest.prefix { $0 != "/" }
        let path = rest[host.endIndex...]
        return (String(host), path.isEmpty ? "/" : String(path))
    }
}
