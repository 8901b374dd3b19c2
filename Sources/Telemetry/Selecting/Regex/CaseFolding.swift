/// Simple case folding of Unicode (CaseFolding.txt, status C and S), as RE2 applies it under `(?i)`.
enum CaseFolding {
    /// All characters that differ from this one in case alone, including itself. Never empty, at most six.
    static func variants(of scalar: Unicode.Scalar) -> [Unicode.Scalar] {
        if scalar.isASCII, !isLetter(scalar) { return [scalar] }
        let folded = fold(scalar)
        var variants: [Unicode.Scalar] = [scalar]
        for other in [folded, single(folded.properties.uppercaseMapping), single(folded.properties.titlecaseMapping)] {
            if let other, !variants.contains(other) { variants.append(other) }
        }
        for other in furtherVariants[folded] ?? [] where !variants.contains(other) { variants.append(other) }
        return variants
    }

    /// Characters that fold to the key although neither its upper case nor its title case is one of them.
    private static let furtherVariants: [Unicode.Scalar: [Unicode.Scalar]] = [
        "k": ["\u{212A}"], "s": ["\u{17F}"], "\u{3BC}": ["\u{B5}"], "\u{E5}": ["\u{212B}"], "\u{DF}": ["\u{1E9E}"],
        "\u{3B9}": ["\u{345}", "\u{1FBE}"], "\u{3B2}": ["\u{3D0}"], "\u{3B5}": ["\u{3F5}"],
        "\u{3B8}": ["\u{3D1}", "\u{3F4}"], "\u{3BA}": ["\u{3F0}"], "\u{3C0}": ["\u{3D6}"], "\u{3C1}": ["\u{3F1}"],
        "\u{3C3}": ["\u{3C2}"], "\u{3C6}": ["\u{3D5}"], "\u{3C9}": ["\u{2126}"], "\u{432}": ["\u{1C80}"],
        "\u{434}": ["\u{1C81}"], "\u{43E}": ["\u{1C82}"], "\u{441}": ["\u{1C83}"],
        "\u{442}": ["\u{1C84}", "\u{1C85}"], "\u{44A}": ["\u{1C86}"], "\u{463}": ["\u{1C87}"],
        "\u{A64B}": ["\u{1C88}"], "\u{1E61}": ["\u{1E9B}"],
    ]

    /// The lower case of the upper case. The dotted capital and the dotless small I have no simple folding.
    private static func fold(_ scalar: Unicode.Scalar) -> Unicode.Scalar {
        guard scalar != "\u{130}", scalar != "\u{131}" else { return scalar }
        let upper = single(scalar.properties.uppercaseMapping) ?? scalar
        return single(upper.properties.lowercaseMapping) ?? upper
    }

    /// Nil for a mapping to several characters, which simple folding leaves out.
    private static func single(_ mapping: String) -> Unicode.Scalar? {
        let scalars = mapping.unicodeScalars
        return scalars.count == 1 ? scalars.first : nil
    }

    private static func isLetter(_ scalar: Unicode.Scalar) -> Bool {
        ("a"..."z").contains(scalar) || ("A"..."Z").contains(scalar)
    }
}
