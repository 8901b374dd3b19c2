import Foundation

/// Answers in JSON.
package enum AnswerJSON {
    package static func decode<Value: Decodable>(_ type: Value.Type, _ body: [UInt8], of what: String)
        throws(SourceError)
        -> Value
    {
        do { return try JSONDecoder().decode(type, from: Data(body)) } catch {
            throw SourceError("\(what): the answer cannot be read: \(reason(error))")
        }
    }

    private static func reason(_ error: any Error) -> String {
        guard let error = error as? DecodingError else { return "it is not JSON" }
        switch error {
        case .typeMismatch(_, let context), .valueNotFound(_, let context): return at(context)
        case .keyNotFound(let key, let context): return at(context, "there is no '\(key.stringValue)'")
        case .dataCorrupted(let context): return at(context)
        @unknown default: return "it is not the expected JSON"
        }
    }

    private static func at(_ context: DecodingError.Context, _ text: String? = nil) -> String {
        let path = context.codingPath.map { $0.intValue.map(String.init) ?? $0.stringValue }.joined(separator: ".")
        return (path.isEmpty ? "" : "at \(path): ") + (text ?? context.debugDescription)
    }
}
