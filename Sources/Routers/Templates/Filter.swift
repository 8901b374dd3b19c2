/// Turns one value into another, in a template (`${var.key | b64}`) or on a value that an answer holds.
enum Filter: Sendable, Equatable {
    case base64
    case unbase64
    case fromJSON
    case json
    case number
    case int
    case raw
    case text
    case trim
    case url

    /// A value that the filter cannot work on.
    struct Failure: Error, Equatable {
        let reason: String
    }

    /// - Throws: ``RouterPlanError`` for a name that is no filter.
    init(_ text: String) throws(RouterPlanError) {
        switch text {
        case "base64", "b64": self = .base64
        case "unbase64", "unb64": self = .unbase64
        case "fromjson": self = .fromJSON
        case "json": self = .json
        case "number": self = .number
        case "int": self = .int
        case "raw": self = .raw
        case "text": self = .text
        case "trim": self = .trim
        case "url": self = .url
        default:
            throw RouterPlanError(
                "\"\(ShownText.line(text, limit: 60))\" is no filter; there are b64, fromjson, int, json, number, raw, text,"
                    + " trim, unb64 and url")
        }
    }

    static func all(_ texts: [String]) throws(RouterPlanError) -> [Filter] {
        guard texts.count <= 10 else { throw RouterPlanError("more than 10 filters in a row") }
        var filters: [Filter] = []
        for text in texts { filters.append(try Filter(text)) }
        return filters
    }

    func apply(_ value: JSONValue) throws(Failure) -> JSONValue {
        switch self {
        case .base64: return .text(Base64.encode(Array(value.plainText.utf8)))
        case .unbase64: return .text(try decoded(value))
        case .fromJSON: return try parsed(value)
        case .json: return .text(value.encoded)
        case .number: return .number(try number(value))
        case .int: return .number(JSONNumber(try whole(value)))
        case .raw: return value
        case .text: return .text(value.plainText)
        case .trim: return .text(PlainSpace.trim(value.plainText))
        case .url: return .text(PercentEncoding.encode(value.plainText))
        }
    }

    private func decoded(_ value: JSONValue) throws(Failure) -> String {
        guard let bytes = Base64.decode(value.plainText), let text = String(validating: bytes, as: UTF8.self) else {
            throw Failure(reason: "is not the base64 of a text")
        }
        return text
    }

    private func parsed(_ value: JSONValue) throws(Failure) -> JSONValue {
        do {
            return try JSONParser.parse(value.plainText)
        } catch {
            throw Failure(reason: "is not JSON")
        }
    }

    private func number(_ value: JSONValue) throws(Failure) -> JSONNumber {
        guard let number = value.numeric else { throw Failure(reason: "is not a number") }
        return number
    }

    private func whole(_ value: JSONValue) throws(Failure) -> Int {
        let value = try number(value).value
        guard value.rounded() == value, abs(value) < 9e15 else { throw Failure(reason: "is not a whole number") }
        return Int(value)
    }
}

extension JSONValue {
    /// A number, or a text that is one: many APIs write `"final_value": "10"`.
    var numeric: JSONNumber? {
        switch self {
        case .number(let number): return number
        case .text(let text):
            guard case .number(let number)? = try? JSONParser.parse(text) else { return nil }
            return number
        case .null, .bool, .list, .object: return nil
        }
    }

    /// Equal as JSON: the order of an object's members does not matter.
    func isSame(as other: JSONValue) -> Bool {
        switch (self, other) {
        case (.list(let left), .list(let right)):
            return left.count == right.count && zip(left, right).allSatisfy { $0.isSame(as: $1) }
        case (.object(let left), .object(let right)):
            guard left.count == right.count else { return false }
            return left.allSatisfy { member in other[member.name].map { $0.isSame(as: member.value) } ?? false }
        default: return self == other
        }
    }
}
