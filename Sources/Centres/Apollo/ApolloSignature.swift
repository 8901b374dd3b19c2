import Crypto
import Foundation

/// The signature of a request with an access key.
///
/// Source: `Signature.java` of Apollo.
enum ApolloSignature {
    /// - Parameters:
    ///   - timestamp: milliseconds since the epoch, as sent.
    ///   - pathAndQuery: as sent.
    static func of(timestamp: String, pathAndQuery: String, secret: String) -> String {
        let text = timestamp + "\n" + pathAndQuery
        let code = HMAC<Insecure.SHA1>.authenticationCode(
            for: Data(text.utf8), using: SymmetricKey(data: Data(secret.utf8)))
        return Data(code).base64EncodedString()
    }

    /// What follows the host of a URL.
    static func pathAndQuery(of url: String) -> String {
        guard let scheme = url.firstRange(of: "://"),
            let slash = url[scheme.upperBound...].firstIndex(of: "/")
        else { return "/" }
        return String(url[slash...])
    }
}
