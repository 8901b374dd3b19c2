/// The value of a field, with what is needed to report what is wrong with it.
struct Field {
    /// `'timeout'`, `an entry of 'targets'`.
    let label: String
    let value: YAMLValue
    let log: DiagnosticLog

    var place: Place { value.place }

    func fail(_ text: String) { log.error(place, text) }

    /// Reports that the field must be something else, and returns nil.
    func refuse<Value>(_ wanted: String) -> Value? {
        if !value.isUnusable { fail("\(label) must be \(wanted), got \(value.shown)") }
        return nil
    }

    /// A list's entries. A field without a value has been reported already.
    func entries(of what: String) -> [Field]? {
        guard case .list(let values) = value.content else { return refuse("a list of \(what)") }
        return values.map { Field(label: "an entry of \(label)", value: $0, log: log) }
    }

    /// A mapping whose fields are known.
    ///
    /// - Parameter owner: What the mapping is, for messages: `release "checkout"`.
    func fields(of owner: String, _ known: [String]) -> Fields? {
        guard case .mapping = value.content else { return refuse("a mapping") }
        return Fields(value, of: owner, known: known, log: log)
    }

    /// A mapping whose names are free.
    func pairs() -> [(name: String, namePlace: Place, field: Field)]? {
        guard case .mapping(let members) = value.content else { return refuse("a mapping") }
        return members.map { ($0.name, $0.namePlace, Field(label: Quote.value($0.name), value: $0.value, log: log)) }
    }
}
