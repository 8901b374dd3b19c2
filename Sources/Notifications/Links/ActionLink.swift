import Crypto
package import Ports
import Support

/// A link in a message that does one thing to one incident, until a time: HMAC-SHA256 (RFC 2104) over the journal and all of
/// that, so that nothing has to be kept for it. Whoever has the link may use it; following it only shows a form.
package struct ActionLink: Sendable, Equatable {
    package let target: LinkTarget

    package init(_ target: LinkTarget) { self.target = target }

    /// `acknowledge/1764302400/<64 hexadecimal digits>/checkout-17`.
    ///
    /// - Parameters:
    ///   - journal: identity of the journal, so that a new journal with the same ids has other links.
    ///   - key: secret, at least 32 bytes.
    package func token(journal: String, key: [UInt8]) -> String {
        let code = HMAC<SHA256>.authenticationCode(for: message(journal), using: SymmetricKey(data: key))
        return "\(target.action.rawValue)/\(target.expiresSeconds)/\(Signature.hexadecimal(code))/\(target.incident)"
    }

    /// Nil for a token that is not ours. The time to compare depends on nothing in the key.
    package init?(token: String, journal: String, key: [UInt8]) {
        let parts = token.split(separator: "/", maxSplits: 3, omittingEmptySubsequences: false).map(String.init)
        guard token.utf8.count <= 1_000, parts.count == 4, let action = LinkTarget.Action(rawValue: parts[0]),
            let expires = Int64(parts[1]), let code = HexadecimalCode.bytes(parts[2])
        else { return nil }
        target = LinkTarget(action: action, incident: parts[3], expiresSeconds: expires)
        let isOurs = HMAC<SHA256>.isValidAuthenticationCode(
            code, authenticating: message(journal), using: SymmetricKey(data: key))
        guard isOurs else { return nil }
    }

    private func message(_ journal: String) -> [UInt8] {
        Array("link/\(journal)/\(target.action.rawValue)/\(target.expiresSeconds)/\(target.incident)".utf8)
    }
}

/// Makes the links of messages. The Daemon implements it.
package protocol MessageLinks: Sendable {
    /// The address of a form that acknowledges an incident; nil when none can be made. The same at every attempt.
    ///
    /// - Parameter fromWallMs: when the notification was made; the link is valid for a time from then on.
    func acknowledge(incident: String, fromWallMs: Int64) -> String?
}

/// Links into the web page of a daemon.
package struct PageLinks: MessageLinks {
    private let externalURL: String
    private let validMs: Int64
    private let token: @Sendable (LinkTarget) -> String?

    /// - Parameters:
    ///   - externalURL: the base of its web page.
    ///   - token: signs; nil without a key.
    package init(externalURL: String, validMs: Int64, token: @escaping @Sendable (LinkTarget) -> String?) {
        (self.externalURL, self.validMs, self.token) = (externalURL, validMs, token)
    }

    /// The token is in the fragment, which browsers send to no server and no other site gets as a referrer.
    package func acknowledge(incident: String, fromWallMs: Int64) -> String? {
        let target = LinkTarget(
            action: .acknowledge, incident: incident, expiresSeconds: (fromWallMs + validMs) / 1_000)
        return token(target).map { "\(externalURL)/#/link/\(PercentEncoding.component($0))" }
    }
}

/// 64 hexadecimal digits as 32 bytes.
enum HexadecimalCode {
    static func bytes(_ text: String) -> [UInt8]? {
        let digits = text.utf8.map { Character(UnicodeScalar($0)).hexDigitValue }
        guard digits.count == 64 else { return nil }
        var bytes: [UInt8] = []
        for index in stride(from: 0, to: 64, by: 2) {
            guard let high = digits[index], let low = digits[index + 1] else { return nil }
            bytes.append(UInt8(high << 4 | low))
        }
        return bytes
    }
}
