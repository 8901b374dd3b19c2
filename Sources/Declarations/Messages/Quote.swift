/// Shows text from a file inside a message without letting it break the message.
package enum Quote {
    /// In single quotes, one line, at most 60 characters, without credentials of an address: they may be in a field
    /// that has nothing to do with addresses.
    package static func value(_ text: String) -> String {
        let scalars = SecretSpans.withoutCredentials(Array(text.unicodeScalars.prefix(ShownLine.lengthLimit)))
        let shown = scalars.count > 60 ? Array(scalars.prefix(57)) + Array("...".unicodeScalars) : scalars
        return "'" + clean(string(shown)) + "'"
    }

    /// In double quotes: the name of a rule, a release, a receiver.
    package static func name(_ text: String) -> String {
        "\"" + value(text).dropFirst().dropLast() + "\""
    }

    /// `'a', 'b' or 'c'`
    package static func choices(_ names: [String]) -> String {
        let quoted = names.map { "'\($0)'" }
        guard quoted.count > 1, let last = quoted.last else { return quoted.first ?? "" }
        return quoted.dropLast().joined(separator: ", ") + " or " + last
    }

    /// The same as Markdown.
    package static func markdownChoices(_ names: [String]) -> String {
        choices(names).replacing("'", with: "`")
    }

    /// `; did you mean 'threshold'?`, or nothing.
    package static func suggestion(for name: String, among names: [String]) -> String {
        guard let nearest = Suggestions.nearest(to: name, among: names) else { return "" }
        return "; did you mean '\(nearest)'?"
    }

    package static func clean(_ text: String) -> String {
        text.unicodeScalars.allSatisfy(isShowable)
            ? text : string(text.unicodeScalars.map { isShowable($0) ? $0 : "?" })
    }

    /// Neither a control character nor one that changes the direction or the line.
    package static func isShowable(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse, .unassigned: false
        default: true
        }
    }

    package static func isBlank(_ scalar: Unicode.Scalar) -> Bool { scalar == " " || scalar == "\t" }

    package static func string(_ scalars: [Unicode.Scalar]) -> String {
        var view = String.UnicodeScalarView()
        view.append(contentsOf: scalars)
        return String(view)
    }
}
