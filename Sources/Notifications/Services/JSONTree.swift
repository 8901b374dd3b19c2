/// A JSON document, for bodies that services take and answer. Built of values, so that a text can never break it.
indirect enum JSONTree: Sendable, Equatable {
    case null
    case flag(Bool)
    case number(Double)
    case text(String)
    case list([JSONTree])
    case object([String: JSONTree])

    subscript(name: String) -> JSONTree? {
        if case .object(let members) = self { members[name] } else { nil }
    }

    /// A text, or a number as services write identifiers; nil for everything else.
    var string: String? {
        switch self {
        case .text(let text): text
        case .number(let number) where number == number.rounded() && abs(number) < 9e15: String(Int64(number))
        default: nil
        }
    }

    var double: Double? { if case .number(let number) = self { number } else { nil } }

    var bool: Bool? { if case .flag(let flag) = self { flag } else { nil } }
}

extension JSONTree: Codable {
    private struct Name: CodingKey {
        let stringValue: String
        var intValue: Int? { nil }

        init(stringValue: String) { self.stringValue = stringValue }

        init?(intValue: Int) { nil }
    }

    func encode(to encoder: any Encoder) throws {
        switch self {
        case .object(let members):
            var container = encoder.container(keyedBy: Name.self)
            for (name, value) in members { try container.encode(value, forKey: Name(stringValue: name)) }
        case .list(let values):
            var container = encoder.unkeyedContainer()
            for value in values { try container.encode(value) }
        case .null, .flag, .number, .text: try encodeLeaf(encoder)
        }
    }

    private func encodeLeaf(_ encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .flag(let flag): try container.encode(flag)
        // Whole numbers without a fraction: some services refuse `5.0` for a count.
        case .number(let number) where number == number.rounded() && abs(number) < 9e15:
            try container.encode(Int64(number))
        case .number(let number): try container.encode(number)
        case .text(let text): try container.encode(text)
        case .null, .list, .object: try container.encodeNil()
        }
    }

    init(from decoder: any Decoder) throws {
        if let container = try? decoder.container(keyedBy: Name.self) {
            var members: [String: JSONTree] = [:]
            for name in container.allKeys {
                members[name.stringValue] = try container.decode(JSONTree.self, forKey: name)
            }
            self = .object(members)
        } else if var container = try? decoder.unkeyedContainer() {
            var values: [JSONTree] = []
            while !container.isAtEnd { values.append(try container.decode(JSONTree.self)) }
            self = .list(values)
        } else {
            self = try JSONTree.leaf(decoder.singleValueContainer())
        }
    }

    private static func leaf(_ container: any SingleValueDecodingContainer) throws -> JSONTree {
        if container.decodeNil() { return .null }
        if let flag = try? container.decode(Bool.self) { return .flag(flag) }
        if let number = try? container.decode(Double.self) { return .number(number) }
        return .text(try container.decode(String.self))
    }
}

extension JSONTree: ExpressibleByStringLiteral, ExpressibleByStringInterpolation, ExpressibleByBooleanLiteral,
    ExpressibleByIntegerLiteral, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
    init(stringLiteral value: String) { self = .text(value) }

    init(booleanLiteral value: Bool) { self = .flag(value) }

    init(integerLiteral value: Int) { self = .number(Double(value)) }

    init(arrayLiteral elements: JSONTree...) { self = .list(elements) }

    init(dictionaryLiteral elements: (String, JSONTree)...) {
        self = .object(Dictionary(elements, uniquingKeysWith: { $1 }))
    }

    /// The object with a further member; without it where the value is nil.
    func adding(_ name: String, _ value: JSONTree?) -> JSONTree {
        guard let value, case .object(var members) = self else { return self }
        members[name] = value
        return .object(members)
    }
}
