import Model

/// Reads the header lines as they came over the wire.
enum HeaderBlock {
    /// The headers of the last answer in `bytes`: interim answers (1xx) before it are left out. A folded line continues
    /// the value before it (RFC 9112, section 5.2); a line without a colon is skipped.
    static func lastAnswer(_ bytes: [UInt8]) -> [TextPair] {
        var headers: [TextPair] = []
        for line in bytes.split(separator: UInt8(ascii: "\n")) {
            let isFolded = line.first == UInt8(ascii: " ") || line.first == UInt8(ascii: "\t")
            let text = trimmed(line)
            if text.isEmpty { continue }
            if isFolded {
                guard let last = headers.indices.last else { continue }
                headers[last].value += " " + String(decoding: text, as: UTF8.self)
            } else if text.starts(with: "HTTP/".utf8) {
                headers.removeAll(keepingCapacity: true)
            } else if let colon = text.firstIndex(of: UInt8(ascii: ":")) {
                let name = String(decoding: trimmed(text[..<colon]), as: UTF8.self)
                headers.append(TextPair(name, String(decoding: trimmed(text[(colon + 1)...]), as: UTF8.self)))
            }
        }
        return headers
    }

    /// `HTTP/1.1 200 OK`
    static func isStatusLine(_ line: UnsafeRawBufferPointer) -> Bool { line.starts(with: "HTTP/".utf8) }

    /// `HTTP/1.1 103 Early Hints`
    static func isInterim(_ line: UnsafeRawBufferPointer) -> Bool {
        guard let blank = line.firstIndex(of: 0x20), blank + 1 < line.count else { return false }
        return line[blank + 1] == UInt8(ascii: "1")
    }

    /// The line that ends a header block.
    static func isEmpty(_ line: UnsafeRawBufferPointer) -> Bool { line.allSatisfy { isSpace($0) || $0 == 0x0A } }

    /// The value when the line is a `Content-Encoding`. Makes no text of any other line.
    static func contentEncoding(_ line: UnsafeRawBufferPointer) -> String? {
        let name = "content-encoding:".utf8
        guard line.count > name.count, zip(line, name).allSatisfy({ $0 | 0x20 == $1 | 0x20 }) else { return nil }
        return String(decoding: trimmed(Array(line.dropFirst(name.count)).filter { $0 != 0x0A }[...]), as: UTF8.self)
    }

    private static func trimmed(_ bytes: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        // By indices: taking elements away from a slice would copy what it is a slice of.
        var range = bytes.indices
        while let first = range.first, isSpace(bytes[first]) { range = (first + 1)..<range.upperBound }
        while let last = range.last, isSpace(bytes[last]) { range = range.lowerBound..<last }
        return bytes[range]
    }

    private static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 || byte == 0x0D }
}
