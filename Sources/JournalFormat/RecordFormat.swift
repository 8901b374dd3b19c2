import Foundation
public import Model

/// How a journal record is written: JSON with sorted keys. JSON has no infinity, and a latency may be one, so the three
/// numbers that JSON lacks are written as `"+Inf"`, `"-Inf"` and `"NaN"`, the words of the exposition format.
///
/// The same format stands in the SQLite file and on the simulation's disk, so that what a restart reads back is tested
/// with every drawn life.
public enum RecordFormat {
    /// - Throws: Foundation's `EncodingError`; a journal event always encodes.
    public static func encode(_ event: JournalEvent) throws -> String { try text(event) }

    /// - Throws: Foundation's `EncodingError`; a notification always encodes.
    public static func encode(_ notification: Model.Notification) throws -> String { try text(notification) }

    /// - Parameter what: names the record in the error: `entry 17`.
    public static func event(_ text: String, what: String) throws(UnreadableRecord) -> JournalEvent {
        try value(text, what)
    }

    /// - Parameter what: names the record in the error: `delivery 8a7f-17-oncall`.
    public static func notification(_ text: String, what: String) throws(UnreadableRecord) -> Model.Notification {
        try value(text, what)
    }

    private static func text(_ value: some Encodable) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        encoder.nonConformingFloatEncodingStrategy = .convertToString(
            positiveInfinity: "+Inf", negativeInfinity: "-Inf", nan: "NaN")
        return String(decoding: try encoder.encode(value), as: UTF8.self)
    }

    private static func value<Value: Decodable>(_ text: String, _ what: String) throws(UnreadableRecord) -> Value {
        let decoder = JSONDecoder()
        decoder.nonConformingFloatDecodingStrategy = .convertFromString(
            positiveInfinity: "+Inf", negativeInfinity: "-Inf", nan: "NaN")
        do { return try decoder.decode(Value.self, from: Data(text.utf8)) } catch {
            throw UnreadableRecord(what: what)
        }
    }
}

/// A record that is not one: it was damaged, or a newer version wrote it.
public struct UnreadableRecord: Error, Sendable, Equatable, CustomStringConvertible {
    /// `entry 17`
    public let what: String

    public var description: String { "\(what) cannot be read" }
}
