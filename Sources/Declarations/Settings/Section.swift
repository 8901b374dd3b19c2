/// The fields of one mapping, declared once.
package struct Section<Root> {
    /// What the mapping is, for messages: `'scrape'`, `a receiver`.
    package let owner: String
    /// The value of an empty mapping: the defaults; required fields hold something that is never used.
    package let blank: Root
    package var settings: [Setting<Root>]
    /// Of each of these sets of names exactly one has to be there.
    package var exactlyOne: [[String]]
    /// Of each of these sets of names at most one may be there, as the schema says; the settings check it.
    package var atMostOne: [[String]]
    /// Whether its fields `baseline` and `canary` are the sides of a router, which may go by the names of the release's
    /// places.
    package var hasSides: Bool
    /// What depends on several fields: checks, and defaults that follow from other fields. False when the value cannot
    /// be used, after reporting why.
    package var finish: (inout Root, Fields) -> Bool

    package init(
        owner: String, blank: Root, settings: [Setting<Root>], exactlyOne: [[String]] = [],
        atMostOne: [[String]] = [], hasSides: Bool = false,
        finish: @escaping (inout Root, Fields) -> Bool = { _, _ in true }
    ) {
        self.owner = owner
        self.blank = blank
        self.settings = settings
        self.exactlyOne = exactlyOne
        self.atMostOne = atMostOne
        self.hasSides = hasSides
        self.finish = finish
    }

    package var names: [String] { settings.flatMap(\.names) }

    /// The mapping's value; nil when a required field is missing or cannot be used. Every error is reported.
    package func read(_ field: Field, owner: String? = nil) -> Root? {
        var root = blank
        return read(field, owner: owner, into: &root) ? root : nil
    }

    @discardableResult
    package func read(_ field: Field, owner: String? = nil, into root: inout Root) -> Bool {
        guard let fields = field.fields(of: owner ?? self.owner, names, hasSides: hasSides) else { return false }
        var isUsable = true
        for setting in settings where !setting.read(fields, &root) { isUsable = false }
        for names in exactlyOne where fields.requiredOne(of: names) == nil { isUsable = false }
        return isUsable && finish(&root, fields)
    }

    package func members(_ root: Root) -> [(String, YAMLTree)] { settings.flatMap { $0.write(root) } }

    package func tree(_ root: Root) -> YAMLTree { .mapping(members(root)) }

    /// A mapping as the value of a field; in messages it goes by the field's name.
    ///
    /// - Parameter hasOwnTable: False when its fields are documented in the table of the section that it is part of.
    package func form(_ summary: String = "mapping", hasOwnTable: Bool = false) -> ValueForm<Root> {
        var form = ValueForm(
            summary: summary, schema: schema, read: { read($0, owner: $0.label) }, write: tree)
        if !hasOwnTable { form.rows = { rows } }
        return form
    }
}
