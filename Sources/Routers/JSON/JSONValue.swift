/// A JSON document (RFC 8259). Small and our own, because a number that goes from one answer into the next call must
/// arrive as it was written, and a depth must be bounded.
indirect enum JSONValue: Sendable, Equatable {
    case null
    case bool(Bool)
    case number(JSONNumber)
    case text(String)
    case list([JSONValue])
    case object([JSONMember])

    static func number(_ value: Int) -> JSONValue { .number(JSONNumber(value)) }
    static func number(_ value: Double) -> JSONValue { .number(JSONNumber(value)) }

    /// Of an object; the last one, as most parsers take it, when a name is there twice.
    subscript(_ name: String) -> JSONValue? {
        guard case .object(let members) = self else { return nil }
        return members.last { $0.name == name }?.value
    }

    /// As it is written in a template: a text without its quotes, everything else as JSON.
    var plainText: String {
        if case .text(let text) = self { return text }
        return encoded
    }

    /// Compact JSON.
    var encoded: String {
        var out = ""
        write(to: &out)
        return out
    }

    private func write(to out: inout String) {
        switch self {
        case .null: out += "null"
        case .bool(let value): out += value ? "true" : "false"
        case .number(let number): out += number.literal
        case .text(let text): JSONValue.write(text, to: &out)
        case .list(let items):
            out += "["
            for (index, item) in items.enumerated() {
                if index > 0 { out += "," }
                item.write(to: &out)
            }
            out += "]"
        case .object(let members):
            out += "{"
            for (index, member) in members.enumerated() {
                if index > 0 { out += "," }
                JSONValue.write(member.name, to: &out)
                out += ":"
                member.value.write(to: &out)
            }
            out += "}"
        }
    }

    private static func write(_ text: String, to out: inout String) {
        out += "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": out += "\\\""
            case "\\": out += "\\\\"
            case "\n": out += "\\n"
            case "\r": out += "\\r"
            case "\t": out += "\\t"
            case _ where scalar.value < 0x20:
                let digits = String(scalar.value, radix: 16)
                out += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: out.unicodeScalars.append(scalar)
            }
        }
        out += "\""
    }
}

/// One field of an object.
struct JSONMember: Sendable, Equatable {
    let name: String
    let value: JSONValue
}

/// A number with the text it was written as: 9007199254740993 stays that, and 1e2 equals 100.
struct JSONNumber: Sendable, Equatable {
    let literal: String
    let value: Double

    init(literal: String, value: Double) {
        self.literal = literal
        self.value = value
    }

    init(_ value: Int) { self.init(literal: String(value), value: Double(value)) }

    /// Not a number and the infinities have no JSON; they become null's neighbour, 0.
    init(_ value: Double) {
        guard value.isFinite else {
            self.init(literal: "0", value: 0)
            return
        }
        let isWhole = value.rounded() == value && abs(value) < 1e15
        self.init(literal: isWhole ? String(Int64(value)) : "\(value)", value: value)
    }

    static func == (left: JSONNumber, right: JSONNumber) -> Bool {
        left.literal == right.literal || (left.value == right.value && abs(left.value) < 9_007_199_254_740_992)
    }
}
