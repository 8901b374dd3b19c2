/// The version of a stored record: its member `v`. Records without it have version 1, because rollguard wrote none before
/// versions were introduced.
///
/// A version changes when a field changes its meaning or its name. An optional field more does not change it, because an
/// older program ignores the field. A new version also needs a migration in `JournalSchema`, so that an older program
/// refuses the whole file instead of skipping records.
enum RecordVersion {
    /// What this program writes, and the newest that it reads.
    static let current = 1

    enum Key: String, CodingKey { case v }

    /// - Throws: ``UnknownStoredValue`` for a record of a newer version.
    static func check(_ version: Int?) throws {
        guard (1...current).contains(version ?? 1) else {
            throw UnknownStoredValue("format version \(version ?? 1), and this program reads up to \(current)")
        }
    }
}

/// The stored form of a type of the model. The names of its fields are those in the JSON, so that a change of the model
/// does not change what is stored.
protocol StoredRecord: Codable {
    associatedtype Model

    init(_ model: Model)

    /// - Throws: ``UnknownStoredValue``: the record has a value that the model does not have.
    func model() throws -> Model
}

/// A record was decoded and has a value that this program does not know.
struct UnknownStoredValue: Error, CustomStringConvertible {
    let description: String

    init(_ what: String) { description = "it has \(what)" }
}

/// The case with this name.
func storedCase<Value: RawRepresentable<String>>(_ name: String) throws -> Value {
    guard let value = Value(rawValue: name) else {
        throw UnknownStoredValue("the unknown value \"\(name)\" for \(Value.self)")
    }
    return value
}
