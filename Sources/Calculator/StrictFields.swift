import Foundation

/// The fields of a JSON object, none of them unknown.
struct StrictFields {
    private struct Name: CodingKey {
        let stringValue: String
        var intValue: Int? { nil }

        init(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }
    }

    private let fields: KeyedDecodingContainer<Name>
    private let path: String

    /// - Throws: ``InputError`` for a field that is not known.
    init(_ decoder: any Decoder, known: [String]) throws {
        fields = try decoder.container(keyedBy: Name.self)
        path = decoder.codingPath.map { $0.stringValue + "." }.joined()
        for name in fields.allKeys.map(\.stringValue).sorted() where !known.contains(name) {
            throw InputError("unknown field '\(path)\(name)'; there are \(known.joined(separator: ", "))")
        }
    }

    func value<Value: Decodable>(_ name: String) throws -> Value {
        guard let value: Value = try optionalValue(name) else { throw InputError("'\(path)\(name)' is missing") }
        return value
    }

    func optionalValue<Value: Decodable>(_ name: String) throws -> Value? {
        try fields.decodeIfPresent(Value.self, forKey: Name(stringValue: name))
    }

    func number(_ name: String) throws -> Double { try finite(name, value(name)) }

    func optionalNumber(_ name: String) throws -> Double? { try optionalValue(name).map { try finite(name, $0) } }

    /// A number of requests.
    func count(_ name: String) throws -> Double {
        let count = try number(name)
        guard count >= 0 else { throw InputError("'\(path)\(name)' is \(count.plain); counts are not negative") }
        // Beyond 2^53 a Double does not distinguish neighbouring integers.
        guard count <= 0x1p53 else { throw InputError("'\(path)\(name)' is \(count); counts end at 2^53") }
        return count
    }

    private func finite(_ name: String, _ number: Double) throws -> Double {
        guard number.isFinite else { throw InputError("'\(path)\(name)' is not a finite number") }
        return number
    }
}
