import Foundation

/// JSON with sorted keys: the same delivery is the same bytes on every try.
enum JSONBody {
    static func encode(_ document: some Encodable) -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        // The documents hold finite numbers only; see `finite`. An error here would be ours.
        return (try? encoder.encode(document)).map { [UInt8]($0) } ?? Array("{}".utf8)
    }

    /// JSON has no NaN and no infinity.
    static func finite(_ value: Double?) -> Double? { value.flatMap { $0.isFinite ? $0 : nil } }
}
