/// Takes secrets out of texts, in every form in which a peer may echo them.
public struct SecretMasks: Sendable {
    /// A shorter secret would mask parts of ordinary words.
    public static let shortestBytes = 4
    /// A cut secret is recognized by this many of its first bytes; at the end of a text fewer are enough.
    private static let shortestPartBytes = 12

    private var known: Set<String> = []
    /// By their first byte, longest first.
    private var forms: [UInt8: [[UInt8]]] = [:]

    public init() {}

    public var count: Int { known.count }

    public func contains(_ secret: String) -> Bool { known.contains(secret) }

    public mutating func add(_ secret: String) {
        guard known.insert(secret).inserted else { return }
        for form in SecretForms.all(of: secret) {
            guard let first = form.first, forms[first]?.contains(form) != true else { continue }
            forms[first, default: []].append(form)
            forms[first]?.sort { $0.count > $1.count }
        }
    }

    /// The text with `***` for each secret.
    ///
    /// - Parameter masksParts: masks the beginning of a secret too, for a text that may have been cut.
    public func masked(_ text: String, masksParts: Bool = false) -> String {
        guard !forms.isEmpty else { return text }
        let bytes = Array(text.utf8)
        var shown: [UInt8] = []
        var index = 0
        var hasMasked = false
        while index < bytes.count {
            let length = secretLength(bytes, at: index, masksParts: masksParts)
            if length > 0 {
                shown += Array(Redaction.mask.utf8)
                hasMasked = true
                index += length
            } else {
                shown.append(bytes[index])
                index += 1
            }
        }
        return hasMasked ? String(decoding: shown, as: UTF8.self) : text
    }

    /// How many bytes from here on belong to a secret.
    private func secretLength(_ bytes: [UInt8], at start: Int, masksParts: Bool) -> Int {
        var longest = 0
        for form in forms[bytes[start]] ?? [] {
            let rest = bytes.count - start
            var length = 0
            while length < min(form.count, rest), bytes[start + length] == form[length] { length += 1 }
            let isWhole = length == form.count
            let isPart =
                masksParts
                && (length >= Self.shortestPartBytes || (length == rest && length >= Self.shortestBytes))
            if isWhole || isPart { longest = max(longest, length) }
        }
        return longest
    }
}

/// The spellings of a secret: as it is, percent-encoded, inside JSON, inside base64 (HTTP's basic authentication), line by
/// line; of an address also the parts of its path and its query.
enum SecretForms {
    /// Segments of a path that are as long as this are not words.
    private static let tokenBytes = 16
    private static let shortestBase64 = 8

    static func all(of secret: String) -> [[UInt8]] {
        let parts = [secret] + secret.split(whereSeparator: \.isNewline).map(String.init) + addressParts(secret)
        var found: Set<[UInt8]> = []
        for part in parts where part.utf8.count >= SecretMasks.shortestBytes {
            let bytes = Array(part.utf8)
            found.formUnion([bytes, percentEncoded(bytes, hex: "0123456789ABCDEF")])
            found.formUnion([percentEncoded(bytes, hex: "0123456789abcdef"), jsonEscaped(bytes)])
            for skipped in 0..<3 {
                let inner = base64(bytes, after: skipped)
                if inner.count >= shortestBase64 { found.formUnion([inner, urlSafe(inner)]) }
            }
        }
        return Array(found).sorted { $0.lexicographicallyPrecedes($1) }
    }

    /// Of `https://host/services/T0/B0/token?key=x`: the password, the path with the query, long segments, query values.
    private static func addressParts(_ text: String) -> [String] {
        guard let scheme = text.firstRange(of: "://") else { return [] }
        let rest = text[scheme.upperBound...]
        let pathStart = rest.firstIndex(of: "/") ?? rest.endIndex
        let path = rest[pathStart...]
        var parts = [String(path)]
        if let at = rest[..<pathStart].lastIndex(of: "@"), let colon = rest[..<at].firstIndex(of: ":") {
            parts.append(String(rest[rest.index(after: colon)..<at]))
        }
        let pieces = path.split(separator: "?", maxSplits: 1)
        let segments = pieces.first?.split(separator: "/") ?? []
        parts += segments.filter { $0.utf8.count >= tokenBytes }.map(String.init)
        let fields = pieces.count > 1 ? pieces[1].split(separator: "&") : []
        parts += fields.compactMap { $0.split(separator: "=", maxSplits: 1).last.map(String.init) }
        return parts
    }

    private static func percentEncoded(_ bytes: [UInt8], hex: String) -> [UInt8] {
        let digits = Array(hex.utf8)
        return bytes.flatMap { byte -> [UInt8] in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: "~"):
                [byte]
            default: [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
    }

    private static func jsonEscaped(_ bytes: [UInt8]) -> [UInt8] {
        let backslash = UInt8(ascii: "\\")
        return bytes.flatMap { $0 == UInt8(ascii: "\"") || $0 == backslash ? [backslash, $0] : [$0] }
    }

    /// What base64 shows of the bytes whatever precedes and follows them.
    ///
    /// - Parameter skipped: how many bytes of the first group of three belong to what precedes.
    private static func base64(_ bytes: [UInt8], after skipped: Int) -> [UInt8] {
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
        let all = [UInt8](repeating: 0, count: skipped) + bytes
        var digits: [UInt8] = []
        for start in stride(from: 0, to: all.count - all.count % 3, by: 3) {
            let bits = UInt32(all[start]) << 16 | UInt32(all[start + 1]) << 8 | UInt32(all[start + 2])
            for place in 0..<4 { digits.append(alphabet[Int(bits >> (18 - 6 * UInt32(place)) & 63)]) }
        }
        // A digit that shares bits with what precedes may be any.
        return Array(digits.dropFirst([0, 2, 3][skipped]))
    }

    private static func urlSafe(_ digits: [UInt8]) -> [UInt8] {
        digits.map { digit in
            switch digit {
            case UInt8(ascii: "+"): UInt8(ascii: "-")
            case UInt8(ascii: "/"): UInt8(ascii: "_")
            default: digit
            }
        }
    }
}
