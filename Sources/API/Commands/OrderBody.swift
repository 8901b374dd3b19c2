import Foundation
import Support

/// The fields of an order's body. Unlike those of a ``CommandBody`` they may be numbers, flags and lists, and an empty body
/// is one without fields.
struct OrderBody: Equatable {
    /// What a field takes.
    enum Kind: Equatable {
        /// One line of at most so many characters.
        case text(Int)
        /// A number in this range.
        case number(ClosedRange<Double>)
        case flag
        /// A list of names.
        case names
        /// A list of at most so many texts.
        case list(Int)
        /// A point in time: RFC 3339, UTC.
        case time
    }

    static let nameLimit = 200
    private static let listLimit = 50

    private let fields: [String: Value]

    /// - Parameter known: the fields that the order takes, in the order in which they are shown.
    init(_ bytes: [UInt8], known: [(name: String, kind: Kind)]) throws(CommandBody.Invalid) {
        guard !bytes.allSatisfy({ $0 <= 0x20 }) else {
            fields = [:]
            return
        }
        let raw: [String: Value]
        do { raw = try JSONDecoder().decode([String: Value].self, from: Data(bytes)) } catch {
            throw CommandBody.Invalid(
                description: "the body is not a JSON object; send one like {\"reason\": \"the graphs are fine\"}")
        }
        var fields: [String: Value] = [:]
        for (name, value) in raw.sorted(by: { $0.key < $1.key }) where value != .null {
            guard let kind = known.first(where: { $0.name == name })?.kind else {
                let names = known.map { "\"\($0.name)\"" }.joined(separator: ", ")
                throw CommandBody.Invalid(
                    description: "unknown field \"\(CommandBody.shown(name))\"; this call takes \(names)")
            }
            fields[name] = try OrderBody.checked(value, kind, name)
        }
        self.fields = fields
    }

    func text(_ name: String) -> String? { if case .text(let text) = fields[name] { text } else { nil } }

    /// - Parameter why: what the field is for, for the caller who left it out.
    func required(_ name: String, _ why: String) throws(CommandBody.Invalid) -> String {
        guard let text = text(name) else { throw CommandBody.Invalid(description: "\"\(name)\" is missing; \(why)") }
        return text
    }

    func number(_ name: String) -> Double? { if case .number(let number) = fields[name] { number } else { nil } }

    func flag(_ name: String) -> Bool { fields[name] == .flag(true) }

    func names(_ name: String) -> [String] { if case .list(let names) = fields[name] { names } else { [] } }

    func time(_ name: String) -> WallTime? { text(name).flatMap { WallTime($0) } }

    /// What is asked, in one line: equal for two bodies that ask for the same. Who asks and why is no part of it, so that a
    /// repetition by another caller is a repetition.
    var canonical: String {
        fields.filter { $0.key != "by" && $0.key != "reason" }.sorted { $0.key < $1.key }
            .map { "\($0.key)=\($0.value.canonical)" }.joined(separator: " ")
    }

    private static func checked(_ value: Value, _ kind: Kind, _ name: String) throws(CommandBody.Invalid) -> Value {
        switch (kind, value) {
        case (.text(let limit), .text(let text)): return .text(try CommandBody.line(text, of: name, limit: limit))
        case (.number(let range), .number(let number)) where range.contains(number): return value
        case (.flag, .flag): return value
        case (.time, .text(let text)) where WallTime(text) != nil: return value
        case (.names, .text(let text)): return .list([try CommandBody.line(text, of: name, limit: nameLimit)])
        case (.names, .list(let names)) where names.count <= listLimit: return .list(try lines(names, of: name))
        case (.list(let limit), .list(let texts)) where texts.count <= limit: return .list(try lines(texts, of: name))
        default: throw CommandBody.Invalid(description: "\"\(name)\" must be \(wanted(kind))")
        }
    }

    private static func lines(_ texts: [String], of name: String) throws(CommandBody.Invalid) -> [String] {
        var clean: [String] = []
        for text in texts { clean.append(try CommandBody.line(text, of: name, limit: nameLimit)) }
        return clean
    }

    private static func wanted(_ kind: Kind) -> String {
        switch kind {
        case .text: "a text"
        case .number(let range):
            "a number from \(NumberText.plain(range.lowerBound)) to \(NumberText.plain(range.upperBound))"
        case .flag: "true or false"
        case .names: "a list of at most \(listLimit) texts"
        case .list(let limit): "a list of at most \(limit) texts"
        case .time: "a time in UTC such as \"2026-08-01T10:15:30Z\""
        }
    }

    private enum Value: Decodable, Equatable {
        case null
        case text(String)
        case number(Double)
        case flag(Bool)
        case list([String])
        case other

        init(from decoder: any Decoder) throws {
            guard let container = try? decoder.singleValueContainer() else {
                self = .other
                return
            }
            if container.decodeNil() {
                self = .null
            } else if let text = try? container.decode(String.self) {
                self = .text(text)
            } else if let flag = try? container.decode(Bool.self) {
                self = .flag(flag)
            } else if let number = try? container.decode(Double.self) {
                self = .number(number)
            } else if let list = try? container.decode([String].self) {
                self = .list(list)
            } else {
                self = .other
            }
        }

        /// It is kept in the journal with the answer: of a long text its length and a hash (FNV-1a) are enough.
        private static func short(_ text: String) -> String {
            guard text.utf8.count > 300 else { return text }
            let hash = text.utf8.reduce(0xcbf2_9ce4_8422_2325 as UInt64) {
                ($0 ^ UInt64($1)) &* 0x0000_0100_0000_01b3
            }
            return "\(text.utf8.count) bytes \(String(hash, radix: 16))"
        }

        var canonical: String {
            switch self {
            case .text(let text): text
            case .number(let number): NumberText.plain(number)
            case .flag(let flag): "\(flag)"
            case .list(let names): Value.short(names.joined(separator: ","))
            case .null, .other: ""
            }
        }
    }
}
