import Declarations
import Telemetry

/// Reads `match` of a pool: which series of its scrape bodies are the pool's.
enum PoolMatchReader {
    /// Labels of one `match`.
    private static let limit = 20

    /// A mapping of labels to values, or matchers as a selector has them; nil after an error.
    static func matchers(_ field: Field) -> SeriesMatchers? {
        if case .mapping = field.value.content { return labels(field) }
        guard let text = field.text(), let places = TextPlaces(field.value) else { return nil }
        do throws(SelectorError) {
            return try SeriesMatchers(parsing: text)
        } catch {
            field.log.error(
                places.place(utf8Offset: error.offset),
                "\(field.label) must be labels such as {server: new1}, or matchers in quotes such as "
                    + "'{server=~\"new.*\"}': \(error.reason)")
            return nil
        }
    }

    private static func labels(_ field: Field) -> SeriesMatchers? {
        guard let pairs = field.pairs() else { return nil }
        guard !pairs.isEmpty, pairs.count <= limit else {
            field.fail("\(field.label) must have 1 to \(limit) labels, for example {server: new1}")
            return nil
        }
        var matchers: [SeriesSelector.Matcher] = []
        for (name, namePlace, value) in pairs {
            guard !name.isEmpty, name != "__name__" else {
                field.log.error(namePlace, "\(Quote.value(name)) is not a label; \(field.label) picks by labels")
                return nil
            }
            guard let text = value.text() else { return nil }
            matchers.append(SeriesSelector.Matcher(label: name, comparison: .equal, value: text))
        }
        return SeriesMatchers(matchers)
    }
}

extension Setting {
    /// Labels with their values, or matchers in quotes.
    static func matchers(
        _ name: String, _ path: WritableKeyPath<Root, SeriesMatchers>, _ sentence: String
    ) -> Setting {
        Setting(
            names: [name], summary: "mapping of labels, or matchers", shownDefault: .text("all series"),
            sentence: sentence,
            properties: [(name, .mapping(.mapping(of: .scalar), or: .string(pattern: "^\\s*\\{")))],
            read: { fields, root in
                guard fields.has(name) else { return true }
                guard let match = fields[name].flatMap(PoolMatchReader.matchers) else { return false }
                root[keyPath: path] = match
                return true
            },
            write: { root in
                let match = root[keyPath: path]
                return match.isEmpty ? [] : [(name, .text("\(match)"))]
            })
    }
}
