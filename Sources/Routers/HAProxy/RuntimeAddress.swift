import NIOCore

/// Where a runtime socket (`stats socket`) listens: a path, or host and port.
enum RuntimeAddress: Sendable, Equatable {
    case unix(path: String)
    case tcp(host: String, port: Int)

    /// Takes `/run/haproxy/admin.sock`, `127.0.0.1:9999`, `[::1]:9999` and `router1.example:9999`.
    init(_ text: String) throws(RouterPlanError) {
        let shown = ShownText.line(text, limit: 120)
        let isPlain = !text.isEmpty && text.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value != 0x7F }
        guard isPlain else { throw RouterPlanError("the socket \"\(shown)\" is empty or holds a control character") }
        if text.hasPrefix("/") {
            // sun_path of unix(7) holds 108 bytes with its end.
            guard text.utf8.count <= 107 else {
                throw RouterPlanError(
                    "the socket path \"\(shown)\" is longer than the 107 bytes a unix socket can have")
            }
            self = .unix(path: text)
            return
        }
        guard let (host, port) = RuntimeAddress.hostAndPort(text) else {
            throw RouterPlanError(
                "the socket \"\(shown)\" must be an absolute path (/run/haproxy/admin.sock) or HOST:PORT")
        }
        self = .tcp(host: host, port: port)
    }

    private static func hostAndPort(_ text: String) -> (String, Int)? {
        guard let colon = text.lastIndex(of: ":") else { return nil }
        let digits = text[text.index(after: colon)...]
        guard digits.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) else { return nil }
        guard let port = Int(digits), (1...65_535).contains(port) else { return nil }
        var host = text[..<colon]
        if host.hasPrefix("["), host.hasSuffix("]") {
            host = host.dropFirst().dropLast()
        } else if host.contains(":") {
            return nil
        }
        let isPlain = !host.isEmpty && !host.contains { $0 == " " || $0 == "/" || $0 == "@" }
        return isPlain ? (String(host), port) : nil
    }
}
