package import Model

/// Mappings with free names.
extension Setting {
    /// Headers of a request, in the file's order.
    package static func headers(
        _ name: String, _ path: WritableKeyPath<Root, [TextPair]>, _ sentence: String
    ) -> Setting {
        pairs(name, path, summary: "mapping of names to texts", sentence) { fields in fields.headers() }
    }

    /// - Parameter read: Reports errors; returns the pairs that can be used.
    package static func pairs(
        _ name: String, _ path: WritableKeyPath<Root, [TextPair]>, summary: String, _ sentence: String,
        read: @escaping (Fields) -> [TextPair]
    ) -> Setting {
        Setting(
            names: [name], summary: summary, shownDefault: .text("none"), sentence: sentence,
            properties: [(name, .mapping(of: .scalar))],
            read: { fields, root in
                root[keyPath: path] = read(fields)
                return true
            },
            write: { root in
                let pairs = root[keyPath: path]
                return pairs.isEmpty ? [] : [(name, .mapping(pairs.map { ($0.name, .text($0.value)) }))]
            })
    }
}
