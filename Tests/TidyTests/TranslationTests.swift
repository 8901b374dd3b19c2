import Testing

/// A translation that is behind its original misleads: commands and the order of headings are the same in both.
@Suite("Translations")
struct TranslationTests {
    private static let pairs = [
        ("README.md", "README.zh-CN.md"), ("docs/get-started.md", "docs/zh-CN/get-started.md"),
    ]

    @Test(arguments: pairs)
    func haveTheCommandsOfTheirOriginal(_ original: String, _ translation: String) {
        let (wanted, found) = (Self.blocks(original), Self.blocks(translation))
        #expect(wanted.count > 1)
        #expect(wanted == found, "\(translation) differs from \(original)")
    }

    @Test(arguments: pairs)
    func haveTheHeadingsOfTheirOriginal(_ original: String, _ translation: String) {
        func levels(_ path: String) -> [Int] {
            Self.prose(path).filter { $0.hasPrefix("#") }.map { $0.prefix { $0 == "#" }.count }
        }
        #expect(levels(original).count > 2)
        #expect(levels(original) == levels(translation), "\(translation) differs from \(original)")
    }

    /// What a reader copies: blocks in fences, and indented ones.
    private static func blocks(_ path: String) -> [String] {
        var (blocks, isFenced, wasCode) = ([String](), false, false)
        for line in lines(path) {
            let isFence = line.hasPrefix("```")
            if isFence { isFenced.toggle() }
            let isCode = isFence || isFenced || line.hasPrefix("    ")
            if isCode, wasCode { blocks[blocks.count - 1] += "\n" + line } else if isCode { blocks.append(line) }
            wasCode = isCode
        }
        return blocks
    }

    /// Lines outside of fences.
    private static func prose(_ path: String) -> [String] {
        var isFenced = false
        return lines(path).filter { line in
            if line.hasPrefix("```") { isFenced.toggle() }
            return !isFenced
        }
    }

    private static func lines(_ path: String) -> [String] {
        Repository.text(path).split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    }
}
