/// A value of a YAML file with its place. Aliases are resolved; a value that comes from one has the anchor's place.
package struct YAMLValue: Sendable {
    package enum Style: Sendable {
        case plain
        case singleQuoted
        case doubleQuoted
        /// `|` or `>`.
        case block
    }

    package struct Member: Sendable {
        package let name: String
        package let namePlace: Place
        package let value: YAMLValue

        package init(name: String, namePlace: Place, value: YAMLValue) {
            self.name = name
            self.namePlace = namePlace
            self.value = value
        }
    }

    package enum Content: Sendable {
        case text(String, Style)
        case list([YAMLValue])
        /// In the file's order; names are unique.
        case mapping([Member])
        /// What is wrong with it has been reported; readers skip it silently.
        case unusable
    }

    package let content: Content
    package let place: Place

    package init(content: Content, place: Place) {
        self.content = content
        self.place = place
    }

    /// `field:` with nothing behind it, `~` or `null`.
    package var isNothing: Bool {
        guard case .text(let text, .plain) = content else { return false }
        return ["", "~", "null", "Null", "NULL"].contains(text)
    }

    package var isUnusable: Bool { if case .unusable = content { true } else { false } }

    /// What the value is, for messages: `'abc'`, `a list`.
    package var shown: String {
        switch content {
        case .text(let text, _): isNothing ? "nothing" : Quote.value(text)
        case .list: "a list"
        case .mapping: "a mapping"
        case .unusable: "something unusable"
        }
    }

    /// The member of that name when this is a mapping.
    package func member(_ name: String) -> Member? {
        guard case .mapping(let members) = content else { return nil }
        return members.first { $0.name == name }
    }

    /// Empty unless this is a list.
    package var entries: [YAMLValue] {
        guard case .list(let values) = content else { return [] }
        return values
    }

    /// Nil unless this is a mapping.
    package var memberNames: Set<String>? {
        guard case .mapping(let members) = content else { return nil }
        return Set(members.map(\.name))
    }
}
