/// Lower and upper case by Unicode's simple mappings, character by character, as Go has them: `ß` stays what it is.
enum LetterCase {
    static func lowered(_ text: String) -> String {
        mapped(text) { single($0.properties.lowercaseMapping) ?? ($0 == "\u{130}" ? "i" : $0) }
    }

    static func uppered(_ text: String) -> String {
        // Where the upper case is several characters, the title case is the simple mapping, if there is one.
        mapped(text) { single($0.properties.uppercaseMapping) ?? single($0.properties.titlecaseMapping) ?? $0 }
    }

    private static func mapped(_ text: String, _ map: (Unicode.Scalar) -> Unicode.Scalar) -> String {
        var result = ""
        for scalar in text.unicodeScalars { result.unicodeScalars.append(map(scalar)) }
        return result
    }

    private static func single(_ mapping: String) -> Unicode.Scalar? {
        let scalars = mapping.unicodeScalars
        return scalars.count == 1 ? scalars.first : nil
    }
}
