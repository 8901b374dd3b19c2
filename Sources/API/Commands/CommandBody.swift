import Foundation

/// The fields of a command's body, all of them texts: `{"reason": "bad deploy", "by": "ann"}`.
struct CommandBody: Equatable {
    /// What is wrong with a body.
    struct Invalid: Error, Equatable, CustomStringConvertible {
        let description: String
    }

    /// Characters; longer texts do not belong in an incident's record.
    static let textLimit = 1_000

    private let fields: [String: String]

    /// - Parameter known: the fields that the call takes. An unknown one is an error: it may be a misspelt `to`.
    init(_ bytes: [UInt8], known: [String]) throws(Invalid) {
        let example = "send a JSON object like {\"reason\": \"bad deploy\"}"
        guard !bytes.allSatisfy({ $0 <= 0x20 }) else { throw Invalid(description: "the body is empty; \(example)") }
        let raw: [String: Scalar]
        do { raw = try JSONDecoder().decode([String: Scalar].self, from: Data(bytes)) } catch {
            throw Invalid(description: "the body is not a JSON object; \(example)")
        }
        var fields: [String: String] = [:]
        for (name, value) in raw.sorted(by: { $0.key < $1.key }) {
            guard known.contains(name) else {
                let names = known.map { "\"\($0)\"" }.joined(separator: ", ")
                throw Invalid(description: "unknown field \"\(CommandBody.shown(name))\"; this call takes \(names)")
            }
            fields[name] = try CommandBody.text(value, of: name)
        }
        self.fields = fields
    }

    /// A field that must be there and say something.
    func required(_ name: String) throws(Invalid) -> String {
        guard let text = fields[name] else {
            throw Invalid(description: "\"\(name)\" is missing; give the reason, for the incident's record")
        }
        return text
    }

    func optional(_ name: String) -> String? { fields[name] }

    private static func text(_ value: Scalar, of name: String) throws(Invalid) -> String? {
        switch value {
        case .null: return nil
        case .other: throw Invalid(description: "\"\(name)\" must be a text")
        case .text(let text): return try line(text, of: name, limit: textLimit)
        }
    }

    /// A text of a body as one line that is not empty.
    ///
    /// - Parameter limit: characters.
    static func line(_ text: String, of name: String, limit: Int) throws(Invalid) -> String {
        let clean = clean(text)
        guard !clean.isEmpty else { throw Invalid(description: "\"\(name)\" is empty") }
        guard clean.count <= limit else {
            throw Invalid(description: "\"\(name)\" has more than \(limit) characters")
        }
        return clean
    }

    /// One line: these texts end up in logs and in the journal, where a line break could pass for another line.
    private static func clean(_ text: String) -> String {
        let scalars = text.unicodeScalars.map { scalar -> Unicode.Scalar in
            switch scalar.properties.generalCategory {
            case .control, .lineSeparator, .paragraphSeparator, .format: " "
            default: scalar
            }
        }
        var line = String.UnicodeScalarView()
        line.append(contentsOf: scalars)
        return String(line).split(separator: " ").joined(separator: " ")
    }

    static func shown(_ name: String) -> String { String(clean(name).prefix(40)) }

    /// A value whose content is not read.
    private enum Scalar: Decodable {
        case text(String)
        case null
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
            } else {
                self = .other
            }
        }
    }
}
