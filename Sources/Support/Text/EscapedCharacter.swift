/// One character of a text that is written as an escape: percent-encoding (RFC 3986), JSON (RFC 8259, section 7), an entity
/// of HTML, or `+` for a blank as HTML forms write it.
struct EscapedCharacter {
    /// The character that it represents, in UTF-8.
    let bytes: [UInt8]
    /// Bytes of the text that it takes.
    let length: Int

    /// Nil where no escape begins.
    init?(_ text: [UInt8], at index: Int) {
        let found: (scalar: UInt32, length: Int)?
        switch text[index] {
        case UInt8(ascii: "+"): found = (0x20, 1)
        case UInt8(ascii: "%"):
            // A byte, which may be a part of a character.
            guard let value = Self.number(text, index + 1, digits: 2) else { return nil }
            (bytes, length) = ([UInt8(value)], 3)
            return
        case UInt8(ascii: "\\"): found = Self.json(text, index)
        case UInt8(ascii: "&"): found = Self.entity(text, index)
        default: return nil
        }
        guard let found, let scalar = Unicode.Scalar(found.scalar) else { return nil }
        (bytes, length) = (Array(String(Character(scalar)).utf8), found.length)
    }

    private static func json(_ text: [UInt8], _ index: Int) -> (UInt32, Int)? {
        guard index + 1 < text.count else { return nil }
        let letter = text[index + 1]
        guard letter == UInt8(ascii: "u") else {
            return plain[letter].map { (UInt32($0), 2) }
        }
        guard let first = number(text, index + 2, digits: 4) else { return nil }
        guard (0xD800..<0xDC00).contains(first) else { return (first, 6) }
        guard index + 7 < text.count, text[index + 6] == UInt8(ascii: "\\"), text[index + 7] == letter,
            let second = number(text, index + 8, digits: 4), (0xDC00..<0xE000).contains(second)
        else { return nil }
        return (0x10000 + (first - 0xD800) << 10 + second - 0xDC00, 12)
    }

    private static let plain: [UInt8: UInt8] = [
        UInt8(ascii: "\""): UInt8(ascii: "\""), UInt8(ascii: "\\"): UInt8(ascii: "\\"),
        UInt8(ascii: "/"): UInt8(ascii: "/"), UInt8(ascii: "'"): UInt8(ascii: "'"),
        UInt8(ascii: "b"): 0x08, UInt8(ascii: "f"): 0x0C, UInt8(ascii: "n"): 0x0A, UInt8(ascii: "r"): 0x0D,
        UInt8(ascii: "t"): 0x09,
    ]

    /// `&amp;`, `&#38;` and `&#x26;`.
    private static func entity(_ text: [UInt8], _ index: Int) -> (UInt32, Int)? {
        let name = text[(index + 1)...].prefix(8).prefix { $0 != UInt8(ascii: ";") }
        let end = index + 1 + name.count
        guard end < text.count, text[end] == UInt8(ascii: ";") else { return nil }
        let entity = String(decoding: name, as: UTF8.self).lowercased()
        let scalar: UInt32? =
            entity.hasPrefix("#x")
            ? UInt32(entity.dropFirst(2), radix: 16)
            : entity.hasPrefix("#") ? UInt32(entity.dropFirst()) : entities[entity]
        return scalar.map { ($0, end + 1 - index) }
    }

    private static let entities: [String: UInt32] = [
        "amp": 0x26, "lt": 0x3C, "gt": 0x3E, "quot": 0x22, "apos": 0x27, "nbsp": 0xA0, "sol": 0x2F, "plus": 0x2B,
        "equals": 0x3D,
    ]

    private static func number(_ text: [UInt8], _ start: Int, digits: Int) -> UInt32? {
        guard start + digits <= text.count else { return nil }
        var value: UInt32 = 0
        for byte in text[start..<(start + digits)] {
            guard let digit = Character(Unicode.Scalar(byte)).hexDigitValue else { return nil }
            value = value << 4 | UInt32(digit)
        }
        return value
    }
}
