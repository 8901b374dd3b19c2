import Testing

/// Comments, messages and documents use the terms of the glossary in docs/ARCHITECTURE.md. These words are not among
/// them: each has a precise term in its place, or means different things in different places.
@Suite("Language")
struct LanguageTests {
    /// Whole words, in any case. `page` is a term (a web page, a call to an operator), but not for a scrape body.
    private static let unwanted = [
        "tell", "tells", "told", "look", "looks", "looked", "nobody", "somebody", "stand", "stands", "stood", "anew",
        "goes on", "go on", "went on", "word", "words", "mistake", "mistakes", "ledger", "clump", "clumps", "mend",
        "mended", "a person", "page", "pages",
    ]

    /// Phrases in which such a word has its usual meaning, and why it stays.
    private static let allowed: [(phrase: String, reason: String)] = [
        ("look like", "resembles"), ("looks like", "resembles"), ("look alike", "resemble each other"),
        ("look up", "a lookup"), ("looks up", "a lookup"), ("looked up", "a lookup"), ("by mistake", "an idiom"),
        ("web page", "a page of the web"), ("web pages", "pages of the web"), ("memory pages", "of the kernel"),
        ("page faults", "of the kernel"), ("tutorial page", "a document"), ("tutorial pages", "documents"),
        ("word characters", "regular expressions call them so"), ("severity page", "a label of alerts"),
        ("page an operator", "calls an operator"), ("page the same", "a value of on_failure"),
        ("look ups", "the name of a migration that journals have stored"),
    ]

    /// Files in which a word is a name of another specification.
    private static let foreignNames: [String: [String]] = [
        // A character class of POSIX.
        "Sources/Telemetry/Selecting/Regex/ScalarSet.swift": ["word"]
    ]

    /// Where `page` is a document or a call to an operator, not a scrape body.
    private static let aboutPages = [
        "Tests/LiveRouterTests/", "docs/", "README.md", "README.zh-CN.md", "CONTRIBUTING.md", "rules/", "dashboards/",
        // The web page that the daemon serves.
        "Sources/API/Page/", "Sources/API/Routes/", "Sources/API/Server/", "Sources/rollguard/DemoStory.swift",
        "Sources/rollguard/Story/", "Tests/APITests/Page", "Tests/DaemonTests/PageBrowserTests.swift",
    ]

    /// The rooms that are covered.
    private static let folders = ["Sources", "Tests"]

    private static let files =
        folders.flatMap { Repository.files($0, ending: ".swift") }.filter { !$0.hasSuffix("/LanguageTests.swift") }

    @Test(arguments: files)
    func sourcesUseTheGlossary(_ file: String) {
        for (line, text) in SwiftProse.lines(of: Repository.text(file)) { check(text, file, line) }
    }

    /// The changelog keeps what was written at the time.
    @Test(arguments: Repository.documents.filter { $0 != "CHANGELOG.md" })
    func documentsUseTheGlossary(_ document: String) {
        let lines = Repository.text(document).split(separator: "\n", omittingEmptySubsequences: false)
        for (index, line) in lines.enumerated() { check(String(line), document, index + 1) }
    }

    @Test func anUnwantedWordIsFoundAndAnAllowedPhraseIsNot() {
        #expect(Self.found(in: "the router is told to look again", includesPages: true) == ["look", "told"])
        #expect(Self.found(in: "It looks like a Page of a web page", includesPages: true) == ["page"])
        #expect(Self.found(in: "the password's keyword, untold", includesPages: true).isEmpty)
        #expect(Self.found(in: "a page", includesPages: false).isEmpty)
    }

    private func check(_ text: String, _ file: String, _ line: Int) {
        let includesPages = !Self.aboutPages.contains { file.hasPrefix($0) }
        let names = Self.foreignNames[file] ?? []
        for word in Self.found(in: text, includesPages: includesPages) where !names.contains(word) {
            Issue.record("\(file):\(line): '\(word)' is not a term of the glossary: \(text.prefix(120))")
        }
    }

    /// The unwanted words of a text, in alphabetical order.
    private static func found(in text: String, includesPages: Bool) -> [String] {
        let letters = text.lowercased().map { $0.isLetter || $0.isNumber || $0 == "_" ? $0 : " " }
        var rest = " " + String(letters).split(separator: " ").joined(separator: " ") + " "
        for (phrase, _) in allowed { rest = rest.replacing(" \(phrase) ", with: " ") }
        return unwanted.filter { (includesPages || !$0.hasPrefix("page")) && rest.contains(" \($0) ") }.sorted()
    }
}

/// What a reader of a Swift file sees as text: its comments and the literal parts of its strings.
private enum SwiftProse {
    static func lines(of source: String) -> [(line: Int, text: String)] {
        var found: [(line: Int, text: String)] = []
        var isInText = false
        for (index, line) in source.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            var scanner = LineScanner(isInText: isInText)
            for character in line { scanner.take(character) }
            isInText = scanner.endLine()
            if !scanner.prose.isEmpty { found.append((index + 1, scanner.prose)) }
        }
        return found
    }
}

/// Separates one line into code and prose. Knows comments, strings, escapes, interpolations, and strings of several
/// lines, as far as the sources of this repository use them.
private struct LineScanner {
    private enum State: Equatable {
        case code
        case string
        case interpolation(depth: Int)
        case comment
    }

    private var state = State.code
    private var isInText: Bool
    private var quotes = 0
    private var isEscaped = false
    private var previous: Character = " "
    private(set) var prose = ""

    /// - Parameter isInText: the line begins inside a string of several lines.
    init(isInText: Bool) {
        self.isInText = isInText
        if isInText { state = .string }
    }

    mutating func take(_ character: Character) {
        defer { previous = character }
        switch state {
        case .comment: prose.append(character)
        case .code: takeCode(character)
        case .string: takeString(character)
        case .interpolation(let depth): takeInterpolation(character, depth)
        }
    }

    /// - Returns: whether the next line begins inside a string of several lines.
    mutating func endLine() -> Bool { isInText }

    private mutating func takeCode(_ character: Character) {
        quotes = character == "\"" ? quotes + 1 : 0
        if character == "\"" {
            state = .string
            if quotes == 3 { (isInText, quotes) = (true, 0) }
        } else if character == "/", previous == "/" {
            state = .comment
        }
    }

    private mutating func takeString(_ character: Character) {
        quotes = character == "\"" && !isEscaped ? quotes + 1 : 0
        if isEscaped {
            isEscaped = false
            if character == "(" { state = .interpolation(depth: 1) }
            return prose.append(" ")
        }
        switch character {
        case "\\": isEscaped = true
        case "\"": endString()
        default: prose.append(character)
        }
    }

    /// One quote ends a string; three begin or end a text of several lines.
    private mutating func endString() {
        if quotes == 3 {
            isInText.toggle()
            state = isInText ? .string : .code
            quotes = 0
        } else if !isInText {
            state = .code
        }
        prose.append(" ")
    }

    private mutating func takeInterpolation(_ character: Character, _ depth: Int) {
        switch character {
        case "(": state = .interpolation(depth: depth + 1)
        case ")": state = depth == 1 ? .string : .interpolation(depth: depth - 1)
        default: break
        }
    }
}
