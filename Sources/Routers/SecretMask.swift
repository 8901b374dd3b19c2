import Model
import Ports
import Support

/// Takes secrets out of texts that came from outside: a router that echoes the token it refused must not put it in the
/// journal.
struct SecretMask: Sendable {
    private let secrets: any SecretStore
    private let references: [SecretReference]
    /// Of basic authentication, whose header shows user and password as one base64.
    private let user: String?
    /// Secrets that are in the plan itself: a header's value, a password in an address.
    private let literals: [String]

    init(secrets: any SecretStore, security: ClientSecurity, literals: [String] = []) {
        self.secrets = secrets
        // "1" as a secret would mask every 1 of every text; names mask such ones where they occur.
        self.literals = literals.filter { $0.utf8.count >= 4 }
        switch security.authorization {
        case .bearer(let reference), .header(_, let reference): (user, references) = (nil, [reference])
        case .basic(let name, let reference): (user, references) = (name, [reference])
        case nil: (user, references) = (nil, [])
        }
    }

    /// One line of at most 500 characters without the secrets. Reads them only when there is a text.
    ///
    /// - Parameter also: secrets that came up on the way, such as a token that was handed out.
    func clean(_ text: String, also: [String] = []) -> String {
        guard !text.isEmpty else { return "" }
        var cleaned = text
        for secret in known + also where !secret.isEmpty { cleaned = SecretMask.replace(secret, in: cleaned) }
        return ShownText.line(cleaned)
    }

    /// Without the plan's own secrets; reads nothing.
    func literalsMasked(_ text: String) -> String {
        literals.reduce(text) { SecretMask.replace($1, in: $0) }
    }

    func clean(_ bytes: [UInt8], also: [String] = []) -> String {
        // More than is shown, so that a secret across the cut is found whole.
        clean(String(decoding: bytes.prefix(16_384), as: UTF8.self), also: also)
    }

    private var known: [String] {
        var found = literals
        for reference in references {
            guard let secret = try? secrets.secret(reference) else { continue }
            found.append(secret)
            if let user { found.append(Base64.encode(Array("\(user):\(secret)".utf8))) }
        }
        return found
    }

    private static func replace(_ secret: String, in text: String) -> String {
        let needle = Array(secret.utf8)
        let hay = Array(text.utf8)
        guard needle.count <= hay.count else { return text }
        var kept: [UInt8] = []
        var index = 0
        while index < hay.count {
            if hay.count - index >= needle.count, hay[index..<(index + needle.count)].elementsEqual(needle) {
                kept += Array(Redaction.mask.utf8)
                index += needle.count
            } else {
                kept.append(hay[index])
                index += 1
            }
        }
        return String(decoding: kept, as: UTF8.self)
    }
}

/// Whether a header, a query field or a member of a body is named like a secret.
enum SecretName {
    static func matches(_ name: String) -> Bool {
        let low = name.lowercased()
        return names.contains { low.contains($0) }
    }

    private static let names = [
        "authorization", "token", "secret", "password", "passwd", "api-key", "api_key", "apikey", "access-key",
        "access_key", "credential", "cookie", "signature",
    ]
}
