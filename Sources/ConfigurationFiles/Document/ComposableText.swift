import Declarations
import Yams

/// A file's text as it is given to the YAML parser: the same number of characters in each line, but
///
/// - every `*` is a private character, so that aliases arrive as texts with a place of their own, instead of as shared
///   nodes. A few lines of aliases of aliases expand to billions of nodes, and the parser hashes those that are keys.
/// - the first character of a key that is given twice is another one. The parser stops at such a key without saying
///   where the second one is; this way it continues, and all errors are reported at once.
struct ComposableText {
    private var scalars: [Unicode.Scalar]
    private let lineStarts: [Int]
    private let star: Unicode.Scalar
    /// Replacements for the first letters of keys; each once, or a key given three times would still be given twice.
    private var substitutes: [Unicode.Scalar]
    private var renamed: [Int: String] = [:]
    private static let renamedLimit = 10

    /// Nil when no private characters are left.
    init?(_ text: FileText) {
        let used = Set(text.scalars.lazy.filter { (0xE000...0xF8FF).contains($0.value) })
        let free = (0xE000...0xF8FF).lazy.compactMap { Unicode.Scalar(UInt32($0)) }.filter { !used.contains($0) }
        guard let star = free.first else { return nil }
        self.star = star
        substitutes = Array(free.dropFirst().prefix(ComposableText.renamedLimit))
        scalars = text.scalars.map { $0 == "*" ? star : $0 }
        lineStarts = ComposableText.lineStarts(scalars)
    }

    var yaml: String { Quote.string(scalars) }

    /// A text out of the parser, as it is in the file.
    func original(_ text: String) -> String {
        guard text.unicodeScalars.contains(star) else { return text }
        return Quote.string(text.unicodeScalars.map { $0 == star ? "*" : $0 })
    }

    /// A key's name, where it may be one that was made different.
    func originalKey(_ text: String, _ mark: Mark) -> String {
        index(mark).flatMap { renamed[$0] } ?? original(text)
    }

    /// The name behind the `*` of an alias; nil when the plain text is none.
    func aliasName(_ text: String) -> String? {
        guard text.unicodeScalars.first == star else { return nil }
        return original(String(text.unicodeScalars.dropFirst()))
    }

    /// Makes the key at the mark differ from its namesake.
    ///
    /// - Returns: False when it is none of the simple forms, or there are too many.
    mutating func separate(_ name: String, _ mark: Mark) -> Bool {
        guard let substitute = substitutes.last, let begin = index(mark), begin < scalars.count else { return false }
        guard let first = name.unicodeScalars.first, first != star else { return false }
        let isQuoted = scalars[begin] == "\"" || scalars[begin] == "'"
        let letter = isQuoted ? begin + 1 : begin
        guard letter < scalars.count, scalars[letter] == first, renamed[begin] == nil else { return false }
        renamed[begin] = original(name)
        scalars[letter] = substitute
        substitutes.removeLast()
        return true
    }

    private func index(_ mark: Mark) -> Int? {
        guard lineStarts.indices.contains(mark.line - 1), mark.column > 0 else { return nil }
        return lineStarts[mark.line - 1] + mark.column - 1
    }

    private static func lineStarts(_ scalars: [Unicode.Scalar]) -> [Int] {
        var starts = [0]
        for (index, scalar) in scalars.enumerated() {
            switch scalar {
            case "\r" where index + 1 < scalars.count && scalars[index + 1] == "\n": break
            case "\n", "\r", "\u{85}", "\u{2028}", "\u{2029}": starts.append(index + 1)
            default: break
            }
        }
        return starts
    }
}
