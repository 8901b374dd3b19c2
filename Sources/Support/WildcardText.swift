/// A pattern in which `*` matches any text, the empty one too, and every other character itself.
package enum WildcardText {
    /// Whether the pattern covers the whole text: `v1.5*` matches `v1.5.0`. Takes at most the product of both lengths.
    package static func matches(_ text: String, _ pattern: String) -> Bool {
        let (text, pattern) = (Array(text.unicodeScalars), Array(pattern.unicodeScalars))
        var (at, place) = (0, 0)
        // Where the newest `*` is, and how far the text went when it took what it takes now.
        var star: (place: Int, at: Int)?
        while at < text.count {
            if place < pattern.count, pattern[place] == "*" {
                star = (place, at)
                place += 1
            } else if place < pattern.count, pattern[place] == text[at] {
                (at, place) = (at + 1, place + 1)
            } else if let last = star {
                (at, place) = (last.at + 1, last.place + 1)
                star = (last.place, last.at + 1)
            } else {
                return false
            }
        }
        return pattern[place...].allSatisfy { $0 == "*" }
    }
}
