/// A group of characters that `\p{…}` names: a general category, a script, or `Any`.
///
/// Names are those of RE2, in its spelling: `L`, `Lu`, `Greek`, `Old_Italic`. Source: RE2's `doc/syntax.txt`,
/// "Unicode character class names".
enum UnicodeGroup: Sendable {
    case any
    /// One or two letters: `L` holds all categories that begin with it.
    case category(String)
    case script(ScriptTest)

    /// Nil for a name that RE2 does not know.
    init?(_ name: String) {
        if name == "Any" {
            self = .any
        } else if UnicodeGroup.categories.contains(name) {
            self = .category(name)
        } else if let script = ScriptTest(name) {
            self = .script(script)
        } else {
            return nil
        }
    }

    func contains(_ scalar: Unicode.Scalar) -> Bool {
        switch self {
        case .any: true
        case .category(let name): scalar.properties.generalCategory.code?.hasPrefix(name) ?? false
        case .script(let script): script.contains(scalar)
        }
    }

    private static let categories: Set<String> = [
        "C", "Cc", "Cf", "Co", "Cs", "L", "Ll", "Lm", "Lo", "Lt", "Lu", "M", "Mc", "Me", "Mn", "N", "Nd", "Nl", "No",
        "P", "Pc", "Pd", "Pe", "Pf", "Pi", "Po", "Ps", "S", "Sc", "Sk", "Sm", "So", "Z", "Zl", "Zp", "Zs",
    ]
}

extension Unicode.GeneralCategory {
    /// The short name of the Unicode standard; nil for unassigned characters, which RE2 counts to no category.
    fileprivate var code: String? {
        switch self {
        case .uppercaseLetter: "Lu"
        case .lowercaseLetter: "Ll"
        case .titlecaseLetter: "Lt"
        case .modifierLetter: "Lm"
        case .otherLetter: "Lo"
        case .nonspacingMark: "Mn"
        case .spacingMark: "Mc"
        case .enclosingMark: "Me"
        case .decimalNumber: "Nd"
        case .letterNumber: "Nl"
        case .otherNumber: "No"
        case .connectorPunctuation: "Pc"
        case .dashPunctuation: "Pd"
        case .openPunctuation: "Ps"
        case .closePunctuation: "Pe"
        case .initialPunctuation: "Pi"
        case .finalPunctuation: "Pf"
        case .otherPunctuation: "Po"
        case .mathSymbol: "Sm"
        case .currencySymbol: "Sc"
        case .modifierSymbol: "Sk"
        case .otherSymbol: "So"
        case .spaceSeparator: "Zs"
        case .lineSeparator: "Zl"
        case .paragraphSeparator: "Zp"
        case .control: "Cc"
        case .format: "Cf"
        case .surrogate: "Cs"
        case .privateUse: "Co"
        case .unassigned: nil
        @unknown default: nil
        }
    }
}

/// Tests a character's script. The standard library reports scripts through its own regular expressions alone, so one
/// of those is asked, about one character at a time.
struct ScriptTest: Sendable {
    /// It never changes, and what it compiles when it is used first is published atomically; the type alone is not
    /// `Sendable`.
    private nonisolated(unsafe) let property: Regex<AnyRegexOutput>

    /// Nil for a name that RE2 does not know.
    init?(_ name: String) {
        guard ScriptTest.names.contains(name), let regex = try? Regex("\\p{Script=\(name)}") else { return nil }
        property = regex.matchingSemantics(.unicodeScalar)
    }

    func contains(_ scalar: Unicode.Scalar) -> Bool {
        (try? property.wholeMatch(in: String(Character(scalar)))) != nil
    }

    private static let names = Set(
        """
        Adlam Ahom Anatolian_Hieroglyphs Arabic Armenian Avestan Balinese Bamum Bassa_Vah Batak Bengali Bhaiksuki
        Bopomofo Brahmi Braille Buginese Buhid Canadian_Aboriginal Carian Caucasian_Albanian Chakma Cham Cherokee
        Chorasmian Common Coptic Cuneiform Cypriot Cypro_Minoan Cyrillic Deseret Devanagari Dives_Akuru Dogra Duployan
        Egyptian_Hieroglyphs Elbasan Elymaic Ethiopic Georgian Glagolitic Gothic Grantha Greek Gujarati Gunjala_Gondi
        Gurmukhi Han Hangul Hanifi_Rohingya Hanunoo Hatran Hebrew Hiragana Imperial_Aramaic Inherited
        Inscriptional_Pahlavi Inscriptional_Parthian Javanese Kaithi Kannada Katakana Kawi Kayah_Li Kharoshthi
        Khitan_Small_Script Khmer Khojki Khudawadi Lao Latin Lepcha Limbu Linear_A Linear_B Lisu Lycian Lydian Mahajani
        Makasar Malayalam Mandaic Manichaean Marchen Masaram_Gondi Medefaidrin Meetei_Mayek Mende_Kikakui
        Meroitic_Cursive Meroitic_Hieroglyphs Miao Modi Mongolian Mro Multani Myanmar Nabataean Nag_Mundari Nandinagari
        New_Tai_Lue Newa Nko Nushu Nyiakeng_Puachue_Hmong Ogham Ol_Chiki Old_Hungarian Old_Italic Old_North_Arabian
        Old_Permic Old_Persian Old_Sogdian Old_South_Arabian Old_Turkic Old_Uyghur Oriya Osage Osmanya Pahawh_Hmong
        Palmyrene Pau_Cin_Hau Phags_Pa Phoenician Psalter_Pahlavi Rejang Runic Samaritan Saurashtra Sharada Shavian
        Siddham SignWriting Sinhala Sogdian Sora_Sompeng Soyombo Sundanese Syloti_Nagri Syriac Tagalog Tagbanwa Tai_Le
        Tai_Tham Tai_Viet Takri Tamil Tangsa Tangut Telugu Thaana Thai Tibetan Tifinagh Tirhuta Toto Ugaritic Vai
        Vithkuqi Wancho Warang_Citi Yezidi Yi Zanabazar_Square
        """.split(whereSeparator: \.isWhitespace).map(String.init))
}
