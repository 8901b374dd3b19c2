/// The value of a field, with what is needed to report what is wrong with it.
package struct Field {
    /// `'timeout'`, `an entry of 'targets'`.
    package let label: String
    package let value: YAMLValue
    package let log: DiagnosticLog

    package init(label: String, value: YAMLValue, log: DiagnosticLog) {
        self.label = label
        self.value = value
        self.log = log
    }

    package var place: Place { value.place }

    package func fail(_ text: String) { log.error(place, text) }

    /// Reports that the field must be something else, and returns nil.
    package func refuse<Value>(_ wanted: String) -> Value? {
        if !value.isUnusable { fail("\(label) must be \(wanted), got \(value.shown)") }
        return nil
    }

    /// A list's entries. A field without a value has been reported already.
    package func entries(of what: String) -> [Field]? {
        guard case .list(let values) = value.content else { return refuse("a list of \(what)") }
        return values.map { Field(label: "an entry of \(label)", value: $0, log: log) }
    }

    /// A mapping whose fields are known.
    ///
    /// - Parameters:
    ///   - owner: What the mapping is, for messages: `release "checkout"`.
    ///   - hasSides: Whether `baseline` and `canary` in it may go by the names of the release's places.
    package func fields(of owner: String, _ known: [String], hasSides: Bool = false) -> Fields? {
        guard case .mapping = value.content else { return refuse("a mapping") }
        return Fields(value, of: owner, known: known, log: log, sides: hasSides ? log.sides : nil)
    }

    /// A mapping whose names are free.
    package func pairs() -> [(name: String, namePlace: Place, field: Field)]? {
        guard case .mapping(let members) = value.content else { return refuse("a mapping") }
        return members.map { ($0.name, $0.namePlace, Field(label: Quote.value($0.name), value: $0.value, log: log)) }
    }
}
