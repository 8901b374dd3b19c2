/// One form of a secret in a text: the secret, a part of an address, or either of them encoded as hexadecimal digits or inside
/// base64 (HTTP's basic authentication). Escapes of single characters are not forms of their own: see ``EscapedCharacter``.
struct SecretForm: Hashable, Sendable {
    struct Match: Equatable {
        /// Bytes of the text.
        let length: Int
        /// The base64 digit before the match has bits of the secret.
        let sharesDigitBefore: Bool
    }

    private enum Kind: Hashable {
        case plain
        /// The address of a server. Its beginning, up to the path, is no secret.
        case address
        /// Digits, in which no character is escaped.
        case hexadecimal
        /// - Parameter skipped: how many bytes of the first group of three belong to what precedes.
        case base64(skipped: Int)
    }

    let bytes: [UInt8]
    private let kind: Kind

    /// Segments of a path that are as long as this are not names.
    private static let tokenBytes = 16
    private static let shortestBase64 = 8

    static func all(of secret: String) -> [SecretForm] {
        let parts = [secret] + secret.split(whereSeparator: \.isNewline).map(String.init) + addressParts(secret)
        var found: [SecretForm] = []
        for part in parts where part.utf8.count >= SecretMasks.shortestBytes {
            let bytes = Array(part.utf8)
            found.append(SecretForm(bytes: bytes, kind: isAddress(part) ? .address : .plain))
            for digits in ["0123456789abcdef", "0123456789ABCDEF"] {
                found.append(SecretForm(bytes: hexadecimal(bytes, Array(digits.utf8)), kind: .hexadecimal))
            }
            for skipped in 0..<3 {
                let digits = Base64.digits(of: bytes, after: skipped)
                guard digits.count >= shortestBase64 else { continue }
                found.append(SecretForm(bytes: digits, kind: .base64(skipped: skipped)))
                found.append(SecretForm(bytes: Base64.urlSafe(digits), kind: .base64(skipped: skipped)))
            }
        }
        return found
    }

    /// Nil when the text at `start` is not this form, nor the beginning of it where parts count.
    func match(_ text: [UInt8], at start: Int, masksParts: Bool) -> Match? {
        switch kind {
        case .plain, .address:
            // An escape may be a part of the secret as it is.
            let lengths = [false, true].compactMap { prefersEscapes in
                plainLength(text, at: start, prefersEscapes: prefersEscapes, masksParts: masksParts)
            }
            return lengths.max().map { Match(length: $0, sharesDigitBefore: false) }
        case .hexadecimal:
            return digitsLength(text, at: start, masksParts: masksParts).map {
                Match(length: $0, sharesDigitBefore: false)
            }
        case .base64(let skipped):
            guard var length = digitsLength(text, at: start, masksParts: masksParts) else { return nil }
            if length == bytes.count { length += Base64.rest(text, after: start + length) }
            return Match(length: length, sharesDigitBefore: skipped > 0)
        }
    }

    private func plainLength(
        _ text: [UInt8], at start: Int, prefersEscapes: Bool, masksParts: Bool
    ) -> Int? {
        var index = start
        var matched = 0
        while matched < bytes.count, index < text.count {
            let isSame = text[index] == bytes[matched]
            if !isSame || prefersEscapes, let escaped = EscapedCharacter(text, at: index),
                bytes[matched...].starts(with: escaped.bytes)
            {
                matched += escaped.bytes.count
                index += escaped.length
            } else if isSame {
                matched += 1
                index += 1
            } else {
                break
            }
        }
        let isTaken = matched == bytes.count || (masksParts && isPart(matched, isAtEnd: index == text.count))
        return isTaken ? index - start : nil
    }

    private func digitsLength(_ text: [UInt8], at start: Int, masksParts: Bool) -> Int? {
        var matched = 0
        while matched < bytes.count, start + matched < text.count, text[start + matched] == bytes[matched] {
            matched += 1
        }
        let isTaken =
            matched == bytes.count || (masksParts && isPart(matched, isAtEnd: start + matched == text.count))
        return isTaken ? matched : nil
    }

    private func isPart(_ matched: Int, isAtEnd: Bool) -> Bool {
        guard kind != .address else { return false }
        return matched >= SecretMasks.shortestPartBytes || (isAtEnd && matched >= SecretMasks.shortestBytes)
    }

    private static func isAddress(_ text: String) -> Bool { text.hasPrefix("http://") || text.hasPrefix("https://") }

    /// Of `https://host/services/T0/B0/token?key=x`: the password, the path with the query, long segments, query values.
    private static func addressParts(_ text: String) -> [String] {
        guard let scheme = text.firstRange(of: "://") else { return [] }
        let rest = text[scheme.upperBound...]
        let pathStart = rest.firstIndex { "/?#".contains($0) } ?? rest.endIndex
        let path = rest[pathStart...]
        var parts = [String(path)]
        if let at = rest[..<pathStart].lastIndex(of: "@"), let colon = rest[..<at].firstIndex(of: ":") {
            parts.append(String(rest[rest.index(after: colon)..<at]))
        }
        let pieces = path.split(separator: "?", maxSplits: 1)
        let segments = path.hasPrefix("/") ? pieces.first?.split(separator: "/") ?? [] : []
        parts += segments.filter { $0.utf8.count >= tokenBytes }.map(String.init)
        let fields = (path.hasPrefix("/") ? pieces.dropFirst() : pieces[...]).first?.split(separator: "&") ?? []
        parts += fields.compactMap { $0.split(separator: "=", maxSplits: 1).last.map(String.init) }
        return parts
    }

    private static func hexadecimal(_ bytes: [UInt8], _ digits: [UInt8]) -> [UInt8] {
        bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }
    }
}

/// The digits of base64 that say something about bytes within a longer text.
enum Base64 {
    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

    /// Those that are the same whatever precedes and follows the bytes.
    ///
    /// - Parameter skipped: how many bytes of the first group of three belong to what precedes.
    static func digits(of bytes: [UInt8], after skipped: Int) -> [UInt8] {
        let all = [UInt8](repeating: 0, count: skipped) + bytes
        let bits = all.count * 8
        // A digit that shares bits with what precedes or follows may be any.
        return ((skipped * 8 + 5) / 6..<bits / 6).map { place in
            let bit = place * 6
            let high = UInt16(all[bit / 8]) << 8
            let low = bit / 8 + 1 < all.count ? UInt16(all[bit / 8 + 1]) : 0
            return alphabet[Int((high | low) >> UInt16(10 - bit % 8) & 63)]
        }
    }

    /// What follows the digits of a whole secret and may belong to it: a digit that shares bits with it, and padding.
    static func rest(_ text: [UInt8], after end: Int) -> Int {
        var index = end
        if index < text.count, isDigit(text[index]) { index += 1 }
        while index < min(text.count, end + 3), text[index] == UInt8(ascii: "=") { index += 1 }
        return index - end
    }

    static func isDigit(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
        case UInt8(ascii: "0")...UInt8(ascii: "9"): true
        default: "+/-_".utf8.contains(byte)
        }
    }

    static func urlSafe(_ digits: [UInt8]) -> [UInt8] {
        digits.map { digit in
            switch digit {
            case UInt8(ascii: "+"): UInt8(ascii: "-")
            case UInt8(ascii: "/"): UInt8(ascii: "_")
            default: digit
            }
        }
    }
}
