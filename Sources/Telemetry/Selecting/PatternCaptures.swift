/// What the groups of a regular expression matched.
public struct PatternCaptures: Sendable {
    private let value: String
    /// Begin and end of each group in bytes of UTF-8, from group 0, which is the whole value; -1 for a group that
    /// took no part.
    private let spans: [Int]
    private let names: [String?]

    init(_ value: String, spans: [Int], names: [String?] = []) {
        self.value = value
        self.spans = spans
        self.names = names
    }

    /// How many groups there are, group 0 included.
    public var count: Int { spans.count / 2 }

    /// Nil when there is no such group, or when it took no part in the match.
    public subscript(group: Int) -> Substring? {
        guard group >= 0, group < count, spans[2 * group] >= 0, spans[2 * group + 1] >= 0 else { return nil }
        let start = value.utf8.index(value.startIndex, offsetBy: spans[2 * group])
        let end = value.utf8.index(value.startIndex, offsetBy: spans[2 * group + 1])
        return value[start..<end]
    }

    /// The first group of that name that took part in the match; several may have one name. Nil when there is none.
    public subscript(name name: String) -> Substring? {
        for (index, other) in names.enumerated() where other == name {
            if let text = self[index + 1] { return text }
        }
        return nil
    }
}
