/// The characters that one position of a regular expression accepts: a class in brackets, an escape such as `\d`, or a
/// letter whose case is ignored.
struct ScalarSet {
    /// A part of a class: `a-z`, `\D`, `[:alpha:]`, `\p{Lu}`.
    struct Part {
        enum Content {
            case ranges([ClosedRange<Unicode.Scalar>])
            case group(UnicodeGroup)
        }

        var content: Content
        var isNegated = false
    }

    var parts: [Part] = []
    var isNegated = false
    /// A character is in a part when any of its case variants is. Negation comes after that.
    var ignoresCase = false

    func contains(_ scalar: Unicode.Scalar) -> Bool {
        let variants = ignoresCase ? CaseFolding.variants(of: scalar) : [scalar]
        let isInPart = parts.contains { part in variants.contains(where: part.content.contains) != part.isNegated }
        return isInPart != isNegated
    }
}

extension ScalarSet.Part.Content {
    func contains(_ scalar: Unicode.Scalar) -> Bool {
        switch self {
        case .ranges(let ranges): ranges.contains { $0.contains(scalar) }
        case .group(let group): group.contains(scalar)
        }
    }
}

extension ScalarSet.Part {
    /// `\d`, `\s`, `\w` and their negations: ASCII alone, as RE2 has them.
    static func perl(_ letter: Unicode.Scalar) -> ScalarSet.Part? {
        switch letter {
        case "d": ScalarSet.Part(content: .ranges(digits))
        case "D": ScalarSet.Part(content: .ranges(digits), isNegated: true)
        case "s": ScalarSet.Part(content: .ranges(perlSpace))
        case "S": ScalarSet.Part(content: .ranges(perlSpace), isNegated: true)
        case "w": ScalarSet.Part(content: .ranges(letters + digits + ["_"..."_"]))
        case "W": ScalarSet.Part(content: .ranges(letters + digits + ["_"..."_"]), isNegated: true)
        default: nil
        }
    }

    /// `alpha` of `[:alpha:]`, `^alpha` of `[:^alpha:]`; nil for a name that there is not.
    static func posix(_ name: String) -> ScalarSet.Part? {
        let isNegated = name.hasPrefix("^")
        return posixClasses[isNegated ? String(name.dropFirst()) : name].map {
            ScalarSet.Part(content: .ranges($0), isNegated: isNegated)
        }
    }

    private typealias Ranges = [ClosedRange<Unicode.Scalar>]

    private static let digits: Ranges = ["0"..."9"]
    private static let letters: Ranges = ["A"..."Z", "a"..."z"]
    /// Without the vertical tab, which `[:space:]` has.
    private static let perlSpace: Ranges = ["\t"..."\n", "\u{C}"..."\r", " "..." "]
    private static let posixClasses: [String: Ranges] = [
        "alnum": letters + digits, "alpha": letters, "ascii": ["\0"..."\u{7F}"], "blank": ["\t"..."\t", " "..." "],
        "cntrl": ["\0"..."\u{1F}", "\u{7F}"..."\u{7F}"], "digit": digits, "graph": ["!"..."~"],
        "lower": ["a"..."z"], "print": [" "..."~"], "punct": ["!"..."/", ":"..."@", "["..."`", "{"..."~"],
        "space": ["\t"..."\r", " "..." "], "upper": ["A"..."Z"], "word": letters + digits + ["_"..."_"],
        "xdigit": digits + ["A"..."F", "a"..."f"],
    ]
}
