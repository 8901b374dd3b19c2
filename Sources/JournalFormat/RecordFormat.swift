import Foundation
package import Model

/// How a journal record is written: JSON with sorted keys and a version. JSON has no infinity, and a latency may be one, so
/// the three numbers that JSON lacks are written as `"+Inf"`, `"-Inf"` and `"NaN"`, as in the exposition format.
///
/// The same format is stored in the SQLite file and on the simulation's disk, so that what a restart reads back is tested
/// with every drawn life.
package enum RecordFormat {
    /// - Throws: Foundation's `EncodingError` for `unreadable`, which is never written; every other event encodes.
    package static func encode(_ event: JournalEvent) throws -> String { try text(StoredEvent(event)) }

    /// - Throws: Foundation's `EncodingError`; a notification always encodes.
    package static func encode(_ notification: Model.Notification) throws -> String {
        try text(StoredNotification(notification))
    }

    /// - Parameter what: names the record in the error: `entry 17`.
    package static func event(_ text: String, what: String) throws(UnreadableRecord) -> JournalEvent {
        try read(what) { try decoder.decode(StoredEvent.self, from: Data(text.utf8)).event }
    }

    /// - Parameter what: names the record in the error: `delivery 8a7f-17-oncall`.
    package static func notification(_ text: String, what: String) throws(UnreadableRecord) -> Model.Notification {
        try read(what) { try decoder.decode(StoredNotification.self, from: Data(text.utf8)).model() }
    }

    private static func text(_ value: some Encodable) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        encoder.nonConformingFloatEncodingStrategy = .convertToString(
            positiveInfinity: "+Inf", negativeInfinity: "-Inf", nan: "NaN")
        return String(decoding: try encoder.encode(value), as: UTF8.self)
    }

    private static var decoder: JSONDecoder {
        let decoder = JSONDecoder()
        decoder.nonConformingFloatDecodingStrategy = .convertFromString(
            positiveInfinity: "+Inf", negativeInfinity: "-Inf", nan: "NaN")
        return decoder
    }

    private static func read<Value>(_ what: String, _ body: () throws -> Value) throws(UnreadableRecord) -> Value {
        do { return try body() } catch let error as UnknownStoredValue {
            throw UnreadableRecord(what: what, reason: error.description)
        } catch let error as DecodingError {
            throw UnreadableRecord(what: what, reason: reason(error))
        } catch {
            throw UnreadableRecord(what: what, reason: "it is damaged")
        }
    }

    /// What is wrong and where, without the record's text, which may be long.
    private static func reason(_ error: DecodingError) -> String {
        func place(_ path: [any CodingKey], _ key: (any CodingKey)? = nil) -> String {
            (path + [key].compactMap(\.self)).map(\.stringValue).joined(separator: ".")
        }
        return switch error {
        case .keyNotFound(let key, let context): "the field \(place(context.codingPath, key)) is missing"
        case .typeMismatch(_, let context): "the field \(place(context.codingPath)) has another type"
        case .valueNotFound(_, let context): "the field \(place(context.codingPath)) has no value"
        case .dataCorrupted(let context) where context.codingPath.isEmpty: "it is not valid JSON"
        case .dataCorrupted(let context): "the field \(place(context.codingPath)) is invalid"
        @unknown default: "it is damaged"
        }
    }
}

/// A record that cannot be read: it was damaged, or a newer version wrote it.
package struct UnreadableRecord: Error, Sendable, Equatable, CustomStringConvertible {
    /// `entry 17`
    package let what: String
    /// For a log line: `the field intended._0.trigger is missing`.
    package let reason: String

    package var description: String { "\(what) cannot be read: \(reason)" }
}
