import Foundation

/// Names that occur twice in one JSON object. The decoder takes one of the two without an error.
enum RepeatedName {
    /// The first one; nil where there is none.
    ///
    /// - Parameter text: valid JSON.
    static func first(in text: String) -> String? {
        var names: [Set<String>] = []
        let bytes = Array(text.utf8)
        var place = 0
        while place < bytes.count {
            switch bytes[place] {
            case UInt8(ascii: "{"), UInt8(ascii: "["): names.append([])
            case UInt8(ascii: "}"), UInt8(ascii: "]"): names.removeLast(min(1, names.count))
            case UInt8(ascii: "\""):
                let end = self.end(ofStringAt: place, bytes)
                let isName = bytes[end...].dropFirst().first { !" \t\r\n".utf8.contains($0) } == UInt8(ascii: ":")
                if isName, !names.isEmpty {
                    let name = self.name(bytes[place...min(end, bytes.count - 1)])
                    guard names[names.count - 1].insert(name).inserted else { return name }
                }
                place = end
            default: break
            }
            place += 1
        }
        return nil
    }

    /// Where the string's closing quote is, or the text's end.
    private static func end(ofStringAt start: Int, _ bytes: [UInt8]) -> Int {
        var place = start + 1
        while place < bytes.count, bytes[place] != UInt8(ascii: "\"") {
            place += bytes[place] == UInt8(ascii: "\\") ? 2 : 1
        }
        return min(place, bytes.count)
    }

    /// Without quotes and escapes, so that `"t"` and `"\u0074"` are the same.
    private static func name(_ quoted: ArraySlice<UInt8>) -> String {
        let decoded = try? JSONDecoder().decode(String.self, from: Data(quoted))
        return decoded ?? String(decoding: quoted, as: UTF8.self)
    }
}
