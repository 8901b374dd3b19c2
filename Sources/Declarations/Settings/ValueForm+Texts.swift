/// Names, paths, addresses, choices.
extension ValueForm where Value == String {
    /// One line without control characters.
    package static func line(limit: Int = 1_000, _ summary: String = "text") -> ValueForm {
        ValueForm(summary: summary, schema: .scalar, read: { $0.line(limit: limit) }, write: { .text($0) })
    }

    /// Any text, also an empty one.
    package static var text: ValueForm {
        ValueForm(summary: "text", schema: .scalar, read: { $0.text() }, write: { .text($0) })
    }

    /// A path, relative to the configuration's folder.
    package static func path(_ folder: ConfigurationFolder, limit: Int = 1_000) -> ValueForm {
        ValueForm(
            summary: "path", schema: .scalar, read: { $0.line(limit: limit).map(folder.path) }, write: { .text($0) })
    }

    /// A path that another program opens, or that is opened later: completed to an absolute one.
    package static func wholePath(_ folder: ConfigurationFolder, limit: Int = 1_000) -> ValueForm {
        ValueForm(
            summary: "path", schema: .scalar, read: { $0.line(limit: limit).map(folder.wholePath) },
            write: { .text($0) })
    }

    /// An http or https URL.
    package static func url(allowsQuery: Bool = true) -> ValueForm {
        ValueForm(
            summary: "URL", schema: .url, read: { $0.url(allowsQuery: allowsQuery)?.text }, write: { .text($0) })
    }

    /// An http or https URL that paths are appended to.
    package static var baseURL: ValueForm {
        ValueForm(summary: "URL", schema: .url, read: { $0.baseURL() }, write: { .text($0) })
    }

    /// A cluster, a service, a subset: a name without blanks that a router knows.
    package static var routerName: ValueForm {
        ValueForm(summary: "name", schema: .scalar, read: { $0.routerName() }, write: { .text($0) })
    }

    /// One of these names.
    package static func choice(_ names: [String]) -> ValueForm {
        ValueForm(
            summary: Quote.markdownChoices(names), schema: .choice(names), read: { $0.choice(names) },
            write: { .plain($0) })
    }

    /// RFC 6901.
    package static var pointer: ValueForm {
        ValueForm(
            summary: "JSON pointer", schema: .string(pattern: "^(/.*)?$"), read: { $0.pointer() },
            write: { .text($0) })
    }
}

extension ValueForm where Value: RawRepresentable & CaseIterable, Value.RawValue == String {
    /// The enumeration's raw values are what may be written.
    package static func choice(_ type: Value.Type) -> ValueForm {
        let names = type.allCases.map(\.rawValue)
        return ValueForm(
            summary: Quote.markdownChoices(names), schema: .choice(names), read: { $0.choice(type) },
            write: { .plain($0.rawValue) })
    }
}

extension ValueForm where Value == [String] {
    /// At least one line.
    package static func lines(of what: String) -> ValueForm {
        ValueForm(
            summary: "list of \(what)", schema: .array(of: .scalar, least: 1), read: { $0.lines(of: what) },
            write: { .list($0.map { .text($0) }) })
    }

    /// One URL per instance of a router, each once.
    package static var instances: ValueForm {
        ValueForm(
            summary: "list of URLs", schema: .array(of: .url, least: 1), read: { $0.instances() },
            write: { .list($0.map { .text($0) }) })
    }
}
