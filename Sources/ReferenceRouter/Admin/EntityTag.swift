/// Entity tags of the split: the revision in quotes.
enum EntityTag {
    static func text(revision: Int) -> String { "\"\(revision)\"" }

    /// An `If-Match` header (RFC 9110, section 13.1.1): `*`, or tags of which one must be the current one. Weak tags
    /// never match.
    struct Precondition: Equatable {
        private let tags: [String]

        /// Nil for text that is not a list of tags.
        init?(_ text: String) {
            let parts = text.split(separator: ",", omittingEmptySubsequences: false).map { part in
                String(part.drop { $0 == " " || $0 == "\t" }.reversed().drop { $0 == " " || $0 == "\t" }.reversed())
            }
            let areTags = parts.allSatisfy { tag in
                let opaque = tag.hasPrefix("W/") ? tag.dropFirst(2) : tag[...]
                return opaque.count >= 2 && opaque.hasPrefix("\"") && opaque.hasSuffix("\"")
            }
            guard areTags || parts == ["*"] else { return nil }
            tags = parts
        }

        func allows(revision: Int) -> Bool { tags == ["*"] || tags.contains(EntityTag.text(revision: revision)) }
    }
}
