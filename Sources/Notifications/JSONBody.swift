import Foundation

/// JSON with sorted keys: the same delivery is the same bytes on every try.
enum JSONBody {
    /// - Throws: `EncodingError` for a number that is not finite; see ``finite(_:)``.
    static func encode(_ document: some Encodable) throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return [UInt8](try encoder.encode(document))
    }

    /// Nil for a body that is no JSON of that shape.
    static func decode<Document: Decodable>(_ body: [UInt8]) -> Document? {
        try? JSONDecoder().decode(Document.self, from: Data(body))
    }

    /// JSON has no NaN and no infinity.
    static func finite(_ value: Double?) -> Double? { value.flatMap { $0.isFinite ? $0 : nil } }
}
