/// How values of one kind are written in a configuration: reads one, writes one, and describes what may be written.
package struct ValueForm<Value> {
    /// What may be written, as Markdown for a reference table: "duration, `100ms` to `1d`".
    package let summary: String
    /// The same for editors. Made when it is asked for: most forms are only read with.
    package let schema: () -> SchemaNode
    /// The fields of a mapping that is documented together with the field that holds it.
    package var rows: () -> [SettingRow] = { [] }
    /// Reports what is wrong and returns nil.
    package let read: (Field) -> Value?
    /// Reads back as the same value.
    package let write: (Value) -> YAMLTree

    package init(
        summary: String, schema: @autoclosure @escaping () -> SchemaNode, read: @escaping (Field) -> Value?,
        write: @escaping (Value) -> YAMLTree
    ) {
        self.summary = summary
        self.schema = schema
        self.read = read
        self.write = write
    }
}

extension ValueForm {
    /// The same text, for another type in the program.
    ///
    /// - Parameters:
    ///   - decode: Nil after reporting why the value cannot be used.
    ///   - encode: The inverse.
    package func mapped<Other>(
        _ decode: @escaping (Value, Field) -> Other?, back encode: @escaping (Other) -> Value
    ) -> ValueForm<Other> {
        var form = ValueForm<Other>(
            summary: summary, schema: schema(), read: { field in read(field).flatMap { decode($0, field) } },
            write: { write(encode($0)) })
        form.rows = rows
        return form
    }

    /// Reads with a further check; nil after it has reported an error.
    package func checked(_ check: @escaping (Value, Field) -> Value?) -> ValueForm {
        mapped(check, back: { $0 })
    }

    /// With other descriptions.
    package func described(_ summary: String, schema: (() -> SchemaNode)? = nil) -> ValueForm {
        let schema = schema ?? self.schema
        var form = ValueForm(summary: summary, schema: schema(), read: read, write: write)
        form.rows = rows
        return form
    }
}
