/// A source line made fit to be shown: secrets masked, control characters replaced, long lines cut around the caret.
package struct ShownLine {
    /// Longest line that is shown.
    package static let width = 140
    /// Longer lines are not searched for secrets, and so not shown at all.
    package static let lengthLimit = 2_000

    package let text: String
    package let caretOffset: Int

    package init(_ place: Place) {
        let line = place.file.line(place.line).unicodeScalars
        guard line.prefix(ShownLine.lengthLimit + 1).count <= ShownLine.lengthLimit else {
            text = "(a line of more than \(ShownLine.lengthLimit) characters)"
            caretOffset = 0
            return
        }
        let scalars = Array(line)
        let caret = min(max(place.column - 1, 0), scalars.count)
        var shown: [Unicode.Scalar] = []
        var shownCaret = 0
        let hidden = SecretSpans.find(in: scalars)
        for (index, scalar) in scalars.enumerated() {
            if index == caret { shownCaret = shown.count }
            if let span = hidden.first(where: { $0.contains(index) }) {
                if index == span.lowerBound { shown += Array("***".unicodeScalars) }
                continue
            }
            shown.append(scalar == "\t" ? " " : Quote.isShowable(scalar) ? scalar : "?")
        }
        if caret == scalars.count { shownCaret = shown.count }
        let start = shownCaret < ShownLine.width - 20 ? 0 : shownCaret - ShownLine.width / 2
        let end = min(shown.count, start + ShownLine.width)
        let cut = start > 0 ? Array("...".unicodeScalars) : []
        text = Quote.string(cut + shown[start..<end]) + (end < shown.count ? "..." : "")
        caretOffset = shownCaret - start + cut.count
    }
}

/// Finds what must not be shown in a line of YAML: the values of fields that are named like secrets, and credentials
/// inside URLs. It works on text, because a line is shown most often when it could not be read.
package enum SecretSpans {
    private static let revealing = [
        "secret", "password", "passwd", "passphrase", "token", "bearer", "credential", "authorization", "api_key",
        "apikey",
        "api-key", "cookie",
    ]
    /// These only as the whole name: `key_file` is a path.
    private static let wholeNames = ["value", "key", "routing_key", "user_key"]

    package static func find(in line: [Unicode.Scalar]) -> [Range<Int>] {
        values(in: line) + credentials(in: line)
    }

    /// A text with `***` for what gives access in addresses.
    package static func withoutCredentials(_ text: [Unicode.Scalar]) -> [Unicode.Scalar] {
        // What is masked already keeps the names of its parameters.
        let hidden = credentials(in: text).filter { !text[$0].suffix(3).elementsEqual("***".unicodeScalars) }
        guard !hidden.isEmpty else { return text }
        var shown: [Unicode.Scalar] = []
        for (index, scalar) in text.enumerated() {
            guard let span = hidden.first(where: { $0.contains(index) }) else {
                shown.append(scalar)
                continue
            }
            if index == span.lowerBound { shown += Array("***".unicodeScalars) }
        }
        return shown
    }

    private static func credentials(in line: [Unicode.Scalar]) -> [Range<Int>] {
        userInformation(in: line) + bareUserInformation(in: line) + queries(in: line)
    }

    /// `password: hunter2` hides `hunter2`, up to the end of the line: a flow mapping's comma may be part of it.
    private static func values(in line: [Unicode.Scalar]) -> [Range<Int>] {
        for index in line.indices where line[index] == ":" {
            let name = Quote.string(Array(line[nameStart(before: index, in: line)..<index])).lowercased()
            guard revealing.contains(where: name.contains) || wholeNames.contains(bare(name)) else { continue }
            guard let value = line[(index + 1)...].firstIndex(where: { !Quote.isBlank($0) }), line[value] != "{" else {
                continue
            }
            if isReference(name, to: line[value...]) { continue }
            return [value..<line.count]
        }
        return []
    }

    /// Names a place and not a secret. What is no name of a variable may be the secret itself, in the wrong field.
    private static func isReference(_ name: String, to value: ArraySlice<Unicode.Scalar>) -> Bool {
        let bare = bare(name)
        guard bare.hasSuffix("_env") else { return bare.hasSuffix("_file") || bare.hasSuffix("limit") }
        let text = value.prefix { ![",", "}", "#"].contains($0) }.filter { !["\"", "'", " ", "\t"].contains($0) }
        return NameRules.isVariable(Quote.string(Array(text)))
    }

    /// Without quotes and the blanks that may precede the colon.
    private static func bare(_ name: String) -> String { name.filter { !["\"", "'", " ", "\t"].contains($0) } }

    private static func nameStart(before colon: Int, in line: [Unicode.Scalar]) -> Int {
        var start = colon
        while start > 0, Quote.isBlank(line[start - 1]) { start -= 1 }
        while start > 0, !["{", ",", "[", " ", "\t", "?"].contains(line[start - 1]) { start -= 1 }
        return start
    }

    /// `http://user:key@host` hides `user:key`.
    private static func userInformation(in line: [Unicode.Scalar]) -> [Range<Int>] {
        addresses(in: line).compactMap { span in
            guard let at = line[span].lastIndex(of: "@"), at > span.lowerBound else { return nil }
            return span.lowerBound..<at
        }
    }

    /// `user:key@host:9090` hides `user:key`. One pass: a hostile line is nothing but `@`, and there may be many lines.
    private static func bareUserInformation(in line: [Unicode.Scalar]) -> [Range<Int>] {
        var spans: [Range<Int>] = []
        var (start, hasColon, hasSlash) = (0, false, false)
        for (index, scalar) in line.enumerated() {
            switch scalar {
            case " ", "\t", "\"", "'", "[": (start, hasColon, hasSlash) = (index + 1, false, false)
            case ":": hasColon = true
            case "/": hasSlash = true
            case "@" where hasColon && !hasSlash:
                // The last one counts: a password may hold others.
                if spans.last?.lowerBound == start { spans.removeLast() }
                spans.append(start..<index)
            default: break
            }
        }
        return spans
    }

    /// `http://host/hook?key=abc` hides `key=abc`.
    private static func queries(in line: [Unicode.Scalar]) -> [Range<Int>] {
        addresses(in: line).compactMap { span in
            guard let mark = line[span].firstIndex(of: "?"), mark + 1 < span.upperBound else { return nil }
            return (mark + 1)..<span.upperBound
        }
    }

    /// What follows each `://`, up to a blank or a quote.
    private static func addresses(in line: [Unicode.Scalar]) -> [Range<Int>] {
        var spans: [Range<Int>] = []
        var index = 0
        while index + 2 < line.count {
            guard line[index] == ":", line[index + 1] == "/", line[index + 2] == "/" else {
                index += 1
                continue
            }
            let start = index + 3
            let end = line[start...].firstIndex { Quote.isBlank($0) || $0 == "\"" || $0 == "'" } ?? line.count
            spans.append(start..<end)
            index = max(end, start)
        }
        return spans
    }
}
