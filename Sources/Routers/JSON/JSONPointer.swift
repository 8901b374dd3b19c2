/// A place in a JSON document (RFC 6901): `/weighted/services/1/weight`; `~1` is a slash, `~0` a tilde. The
/// empty pointer is the whole document.
struct JSONPointer: Sendable, Equatable {
    let text: String
    private let tokens: [String]

    /// - Throws: ``RouterPlanError`` for a text that is no pointer.
    init(_ text: String) throws(RouterPlanError) {
        self.text = text
        guard !text.isEmpty else {
            tokens = []
            return
        }
        guard text.hasPrefix("/") else {
            throw RouterPlanError("the pointer \"\(ShownText.line(text))\" must be empty or begin with '/'")
        }
        guard text.utf8.count <= 1_024 else {
            throw RouterPlanError("the pointer \"\(ShownText.line(text, limit: 40))\" is longer than 1024 bytes")
        }
        var tokens: [String] = []
        for part in text.split(separator: "/", omittingEmptySubsequences: false).dropFirst() {
            tokens.append(try JSONPointer.unescaped(part, of: text))
        }
        self.tokens = tokens
    }

    /// - Returns: nil when there is nothing at that place.
    func find(in document: JSONValue) -> JSONValue? {
        var place = document
        for token in tokens {
            guard let next = JSONPointer.step(place, token) else { return nil }
            place = next
        }
        return place
    }

    private static func step(_ place: JSONValue, _ token: String) -> JSONValue? {
        switch place {
        case .object: return place[token]
        case .list(let items):
            guard let index = index(token), items.indices.contains(index) else { return nil }
            return items[index]
        case .null, .bool, .number, .text: return nil
        }
    }

    /// Section 4: digits without leading zeros.
    private static func index(_ token: String) -> Int? {
        guard token.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) else { return nil }
        guard token == "0" || !token.hasPrefix("0") else { return nil }
        return Int(token)
    }

    private static func unescaped(_ part: Substring, of text: String) throws(RouterPlanError) -> String {
        var out = ""
        var rest = part
        while let character = rest.popFirst() {
            guard character == "~" else {
                out.append(character)
                continue
            }
            switch rest.popFirst() {
            case "0": out.append("~")
            case "1": out.append("/")
            default:
                throw RouterPlanError(
                    "the pointer \"\(ShownText.line(text))\": a '~' must be written ~0, and a '/' in a name ~1")
            }
        }
        return out
    }
}
