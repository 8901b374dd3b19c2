/// Makes addresses fit to be shown: in errors, logs, the API and the journal.
public enum Redaction {
    /// The text that replaces a secret.
    public static let mask = "***"

    /// The address without its credentials: `http://user:key@host/a?token=x` becomes `http://host/a?token=***`.
    ///
    /// The user information goes, query values are masked (also a name without a value, which may be the token itself),
    /// the fragment goes, and control characters become `?` so that an address cannot forge a log line. Works on any
    /// text, well-formed or not, because it is the malformed address that ends up in an error.
    public static func url(_ text: String) -> String {
        // Bytes, not characters: a combining mark after '@' would hide it from a comparison of characters.
        let bytes = text.utf8.map { $0 < 0x20 || $0 == 0x7F ? question : $0 }[...]
        let start = authorityStart(bytes)
        let pathStart = bytes[start...].firstIndex(where: endsAuthority) ?? bytes.endIndex
        let hostStart = hostStart(bytes, authority: start..<pathStart)
        let rest = bytes[hostStart...]
        let queryStart = rest.firstIndex(of: question) ?? bytes.endIndex
        let fragmentStart = rest.firstIndex(of: hash) ?? bytes.endIndex
        var shown = Array(bytes[..<start]) + bytes[hostStart..<min(queryStart, fragmentStart)]
        if queryStart < fragmentStart { shown += maskedQuery(bytes[(queryStart + 1)..<fragmentStart]) }
        return String(decoding: shown, as: UTF8.self)
    }

    private static let question = UInt8(ascii: "?")
    private static let hash = UInt8(ascii: "#")
    private static let at = UInt8(ascii: "@")
    private static let colon = UInt8(ascii: ":")

    private static func endsAuthority(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: "/") || byte == question || byte == hash
    }

    /// After `scheme://`, or the beginning where there is no scheme.
    private static func authorityStart(_ bytes: ArraySlice<UInt8>) -> Int {
        let colons = bytes.indices.first { bytes[$0] == colon }
        guard let found = colons, bytes[(found + 1)...].starts(with: "//".utf8) else { return bytes.startIndex }
        return found + 3
    }

    /// After the last `@` of the authority. A password with an unescaped `/` ends the authority early; what is left of
    /// the `/` then reads `user:pass`, which is no host and port, so the `@` is searched for in everything that
    /// follows.
    private static func hostStart(_ bytes: ArraySlice<UInt8>, authority: Range<Int>) -> Int {
        if let found = bytes[authority].lastIndex(of: at) { return found + 1 }
        if looksLikeHost(bytes[authority]) { return authority.lowerBound }
        return bytes[authority.lowerBound...].lastIndex(of: at).map { $0 + 1 } ?? authority.lowerBound
    }

    private static func looksLikeHost(_ authority: ArraySlice<UInt8>) -> Bool {
        if authority.first == UInt8(ascii: "[") { return true }
        guard let found = authority.firstIndex(of: colon) else { return true }
        return authority[(found + 1)...].allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
    }

    private static func maskedQuery(_ query: ArraySlice<UInt8>) -> [UInt8] {
        var shown = [question]
        for (index, field) in query.split(separator: UInt8(ascii: "&"), omittingEmptySubsequences: false).enumerated() {
            if index > 0 { shown.append(UInt8(ascii: "&")) }
            guard !field.isEmpty else { continue }
            if let equals = field.firstIndex(of: UInt8(ascii: "=")) { shown += field[...equals] }
            shown += Array(mask.utf8)
        }
        return shown
    }
}
