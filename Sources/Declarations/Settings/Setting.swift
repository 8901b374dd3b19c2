package import Model

/// One field of a section, declared once: reading, writing, the reference table and the schema follow from it.
package struct Setting<Root> {
    /// What a reference table shows as the default.
    package enum Default {
        case required
        /// What the section's blank value holds.
        case ofBlank((Root) -> String)
        /// Markdown.
        case text(String)
    }

    /// The names in the configuration: one, or the two forms of a secret.
    package let names: [String]
    /// What may be written, as Markdown.
    package let summary: String
    package var shownDefault: Default
    /// What the field means, as Markdown without a full stop at the end.
    package var sentence: String
    /// The schema of each name. Made when it is asked for: most settings are only read with.
    package let properties: () -> [(name: String, schema: SchemaNode)]
    /// The fields of a mapping that is documented in the table of this section.
    package var rows: () -> [SettingRow] = { [] }
    /// Reads the field into the root; false when a required field is missing or cannot be used, after reporting it.
    package var read: (Fields, inout Root) -> Bool
    /// The members that read back as the root's value; empty where there is nothing to write.
    package var write: (Root) -> [(String, YAMLTree)]

    /// The same field, read in another way: where its value depends on other fields.
    package func reading(_ read: @escaping (Fields, inout Root) -> Bool) -> Setting {
        var setting = self
        setting.read = read
        return setting
    }

    /// The same field, written in another way.
    package func writing(_ write: @escaping (Root) -> [(String, YAMLTree)]) -> Setting {
        var setting = self
        setting.write = write
        return setting
    }

    /// With the rows of the fields of a mapping.
    package func showing(_ rows: @escaping () -> [SettingRow]) -> Setting {
        var setting = self
        setting.rows = rows
        return setting
    }

    /// The fields of the mapping have a reference table of their own.
    package var withOwnTable: Setting {
        var setting = self
        setting.rows = { [] }
        return setting
    }

    /// The same field, written only for some values: where it would be refused beside others.
    package func written(if isWritten: @escaping (Root) -> Bool) -> Setting {
        var setting = self
        setting.write = { isWritten($0) ? write($0) : [] }
        return setting
    }

    /// The same field with another text for its default in tables.
    package func shown(default text: String) -> Setting {
        var setting = self
        setting.shownDefault = .text(text)
        return setting
    }

    /// The same field as one of a larger value.
    package func within<Whole>(_ path: WritableKeyPath<Whole, Root>) -> Setting<Whole> {
        let text: Setting<Whole>.Default =
            switch shownDefault {
            case .required: .required
            case .text(let text): .text(text)
            case .ofBlank(let text): .ofBlank { text($0[keyPath: path]) }
            }
        return Setting<Whole>(
            names: names, summary: summary, shownDefault: text, sentence: sentence, properties: properties(),
            read: { fields, whole in read(fields, &whole[keyPath: path]) },
            write: { write($0[keyPath: path]) }
        ).showing(rows)
    }

    package init(
        names: [String], summary: String, shownDefault: Default, sentence: String,
        properties: @autoclosure @escaping () -> [(name: String, schema: SchemaNode)],
        read: @escaping (Fields, inout Root) -> Bool, write: @escaping (Root) -> [(String, YAMLTree)]
    ) {
        self.names = names
        self.summary = summary
        self.shownDefault = shownDefault
        self.sentence = sentence
        self.properties = properties
        self.read = read
        self.write = write
    }

    package var isRequired: Bool { if case .required = shownDefault { true } else { false } }
}

/// One row of a reference table.
package struct SettingRow {
    package let names: [String]
    /// Markdown, as the default and the sentence.
    package let summary: String
    package let shownDefault: String
    package let sentence: String
}

extension Setting {
    /// A field that has to be there.
    package static func required<Value>(
        _ name: String, _ path: WritableKeyPath<Root, Value>, _ form: ValueForm<Value>, _ sentence: String
    ) -> Setting {
        Setting(
            names: [name], summary: form.summary, shownDefault: .required, sentence: sentence,
            properties: [(name, form.schema())],
            read: { fields, root in
                guard let value = fields.required(name).flatMap(form.read) else { return false }
                root[keyPath: path] = value
                return true
            },
            write: { [(name, form.write($0[keyPath: path]))] }
        ).showing(form.rows)
    }

    /// A field with a default, which is what the section's blank value holds.
    ///
    /// - Parameter shownDefault: For tables, where the default is not one value.
    package static func value<Value>(
        _ name: String, _ path: WritableKeyPath<Root, Value>, _ form: ValueForm<Value>,
        shownDefault: String? = nil, _ sentence: String
    ) -> Setting {
        Setting(
            names: [name], summary: form.summary,
            shownDefault: shownDefault.map { .text($0) }
                ?? .ofBlank { "`\(form.write($0[keyPath: path]).shown)`" },
            sentence: sentence, properties: [(name, form.schema())],
            read: { fields, root in
                if let value = fields[name].flatMap(form.read) { root[keyPath: path] = value }
                return true
            },
            write: { [(name, form.write($0[keyPath: path]))] }
        ).showing(form.rows)
    }

    /// A field without a default; it is not written where it is not set.
    package static func optional<Value>(
        _ name: String, _ path: WritableKeyPath<Root, Value?>, _ form: ValueForm<Value>,
        shownDefault: String = "none", _ sentence: String
    ) -> Setting {
        Setting(
            names: [name], summary: form.summary, shownDefault: .text(shownDefault), sentence: sentence,
            properties: [(name, form.schema())],
            read: { fields, root in
                if let value = fields[name].flatMap(form.read) { root[keyPath: path] = value }
                return true
            },
            write: { $0[keyPath: path].map { [(name, form.write($0))] } ?? [] }
        ).showing(form.rows)
    }

    /// A field that is required in one form of the section, and not read in the others.
    package static func needed<Value>(
        _ name: String, _ path: WritableKeyPath<Root, Value?>, _ form: ValueForm<Value>,
        when applies: @escaping (Fields) -> Bool, shownDefault: String, _ sentence: String
    ) -> Setting {
        optional(name, path, form, shownDefault: shownDefault, sentence).reading { fields, root in
            guard applies(fields) else { return true }
            root[keyPath: path] = fields.required(name).flatMap(form.read)
            return root[keyPath: path] != nil
        }
    }

    /// The same field, read only in one form of the section.
    package func only(if applies: @escaping (Fields) -> Bool, shownDefault text: String? = nil) -> Setting {
        var setting = reading { fields, root in !applies(fields) || read(fields, &root) }
        if let text, isRequired { setting.shownDefault = .text(text) }
        return setting
    }

    /// The same field, with a check of the whole section before it is read.
    package func reading(before check: @escaping (Fields) -> Void) -> Setting {
        reading { fields, root in
            check(fields)
            return read(fields, &root)
        }
    }

    /// A secret by reference: `NAME_file` or `NAME_env`.
    package static func secret(
        _ name: String, _ path: WritableKeyPath<Root, SecretReference?>, _ folder: ConfigurationFolder,
        _ sentence: String
    ) -> Setting {
        let names = ["\(name)_file", "\(name)_env"]
        return Setting(
            names: names, summary: "secret", shownDefault: .text("none"), sentence: sentence,
            properties: [(names[0], .scalar), (names[1], .variable)],
            read: { fields, root in
                root[keyPath: path] = fields.secret(name, folder)
                return true
            },
            write: { root in
                switch root[keyPath: path] {
                case .file(let path)?: [(names[0], .text(path))]
                case .environment(let variable)?: [(names[1], .text(variable))]
                case nil: []
                }
            })
    }

    /// A mapping whose fields are part of the root's value at the path; it may be left out.
    package static func section<Part>(
        _ name: String, _ path: WritableKeyPath<Root, Part>, _ section: Section<Part>,
        shownDefault: String = "its defaults",
        _ sentence: String
    ) -> Setting {
        Setting(
            names: [name], summary: "mapping", shownDefault: .text(shownDefault), sentence: sentence,
            properties: [(name, section.schema)],
            read: { fields, root in
                if let field = fields[name] { section.read(field, owner: "'\(name)'", into: &root[keyPath: path]) }
                return true
            },
            write: { [(name, section.tree($0[keyPath: path]))] }
        ).showing { section.rows }
    }
}
