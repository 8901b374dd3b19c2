/// Compares what a command printed with what a page shows.
enum PageOutput {
    /// Line by line, without surrounding white space and empty lines; `…` in the page matches anything within a line,
    /// a line that is `…` alone for any number of lines.
    static func matches(_ printed: String, _ page: String) -> Bool {
        matches(lines(printed)[...], lines(page)[...])
    }

    /// The page's lines are in the text in their order, with anything in between.
    static func contains(_ text: String, _ page: String) -> Bool {
        var rest = lines(text)[...]
        for wanted in lines(page) {
            guard let index = rest.firstIndex(where: { fits($0, wanted) }) else { return false }
            rest = rest[(index + 1)...]
        }
        return true
    }

    private static func lines(_ text: String) -> [String] {
        text.split(separator: "\n").map { $0.trimming { $0.isWhitespace } }.filter { !$0.isEmpty }
    }

    private static func matches(_ printed: ArraySlice<String>, _ page: ArraySlice<String>) -> Bool {
        guard let wanted = page.first else { return printed.isEmpty }
        if wanted == "…" {
            return (printed.startIndex...printed.endIndex).contains {
                matches(printed[$0...], page.dropFirst())
            }
        }
        guard let line = printed.first, fits(line, wanted) else { return false }
        return matches(printed.dropFirst(), page.dropFirst())
    }

    private static func fits(_ line: String, _ wanted: String) -> Bool {
        let parts = wanted.split(separator: "…", omittingEmptySubsequences: false).map(String.init)
        guard parts.count > 1, let first = parts.first, let last = parts.last else { return line == wanted }
        guard line.hasPrefix(first), line.hasSuffix(last), line.count >= first.count + last.count else { return false }
        var rest = line.dropFirst(first.count).dropLast(last.count)
        for part in parts.dropFirst().dropLast() where !part.isEmpty {
            guard let found = rest.firstRange(of: part) else { return false }
            rest = rest[found.upperBound...]
        }
        return true
    }
}

extension StringProtocol {
    func trimming(_ isLoose: (Character) -> Bool) -> String {
        var rest = Substring(self)
        while let first = rest.first, isLoose(first) { rest.removeFirst() }
        while let last = rest.last, isLoose(last) { rest.removeLast() }
        return String(rest)
    }
}
