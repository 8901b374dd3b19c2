import Foundation

/// printf of Go: `%s %q %v %d %t %f %g %e %x %c %%` with flags, a width and a precision.
struct GoFormat {
    let offset: Int

    private struct Verb {
        var isLeft = false
        var hasPlus = false
        var hasZeros = false
        var width = 0
        var precision: Int?
        var letter: Character = "v"
    }

    /// Characters of one value.
    private static let widthLimit = 1_000

    func text(_ format: String, _ values: [TemplateValue]) throws(TemplateError) -> String {
        var (shown, rest, next) = ("", Substring(format), 0)
        while let percent = rest.firstIndex(of: "%") {
            shown += rest[..<percent]
            rest = rest[rest.index(after: percent)...]
            let verb = try verb(&rest)
            if verb.letter == "%" {
                shown += "%"
                continue
            }
            guard next < values.count else {
                shown += "%!\(verb.letter)(MISSING)"
                continue
            }
            shown += padded(value(values[next], verb), verb)
            next += 1
        }
        shown += rest
        guard next < values.count else { return shown }
        let extra = values[next...].map { "\(GoFormat.type($0))=\($0.printed)" }.joined(separator: ", ")
        return shown + "%!(EXTRA \(extra))"
    }

    private func verb(_ rest: inout Substring) throws(TemplateError) -> Verb {
        var verb = Verb()
        while let flag = rest.first, "-+0 #".contains(flag) {
            if flag == "-" { verb.isLeft = true }
            if flag == "+" { verb.hasPlus = true }
            if flag == "0" { verb.hasZeros = true }
            rest.removeFirst()
        }
        verb.width = number(&rest) ?? 0
        if rest.first == "." {
            rest.removeFirst()
            verb.precision = number(&rest) ?? 0
        }
        guard verb.width <= GoFormat.widthLimit, verb.precision ?? 0 <= 100 else {
            throw TemplateError("printf: the width or the precision is too large", at: offset)
        }
        guard let letter = rest.first else { throw TemplateError("printf: the format ends after a %", at: offset) }
        verb.letter = letter
        rest.removeFirst()
        return verb
    }

    private func number(_ rest: inout Substring) -> Int? {
        let digits = rest.prefix { ("0"..."9").contains($0) }.prefix(6)
        rest = rest[digits.endIndex...]
        return Int(digits)
    }

    private func value(_ value: TemplateValue, _ verb: Verb) -> String {
        let plus = verb.hasPlus ? "+" : ""
        switch (verb.letter, value) {
        case ("v", .number(let number)) where verb.precision == nil: return GoNumber.shortest(number)
        case ("v", _), ("s", .text), ("s", .list), ("s", .map), ("s", .time), ("s", .record):
            return verb.precision.map { String(value.printed.prefix($0)) } ?? value.printed
        case ("q", .text(let text)): return TemplateJSON.quoted(text)
        case ("d", .integer(let number)): return (number >= 0 ? plus : "") + String(number)
        case ("x", .integer(let number)): return String(number, radix: 16)
        case ("X", .integer(let number)): return String(number, radix: 16).uppercased()
        case ("x", .text(let text)): return text.utf8.map { String(format: "%02x", $0) }.joined()
        case ("c", .integer(let number)):
            return UInt32(exactly: number).flatMap(Unicode.Scalar.init).map { "\($0)" } ?? ""
        case ("t", .flag(let flag)): return flag ? "true" : "false"
        case ("f", .number(let number)), ("e", .number(let number)), ("g", .number(let number)):
            return real(number, verb, plus)
        default: return "%!\(verb.letter)(\(GoFormat.type(value))=\(value.printed))"
        }
    }

    private func real(_ number: Double, _ verb: Verb, _ plus: String) -> String {
        if let special = GoNumber.special(number) { return special }
        let sign = number >= 0 ? plus : ""
        if verb.letter == "g" {
            guard let precision = verb.precision else { return sign + GoNumber.shortest(number) }
            return sign + GoNumber.general(number, digits: precision)
        }
        return sign + String(format: "%.\(verb.precision ?? 6)\(verb.letter)", number)
    }

    private func padded(_ text: String, _ verb: Verb) -> String {
        let missing = verb.width - text.count
        guard missing > 0 else { return text }
        if verb.isLeft { return text + String(repeating: " ", count: missing) }
        guard verb.hasZeros else { return String(repeating: " ", count: missing) + text }
        let sign = text.hasPrefix("-") || text.hasPrefix("+") ? text.prefix(1) : ""
        return sign + String(repeating: "0", count: missing) + text.dropFirst(sign.count)
    }

    private static func type(_ value: TemplateValue) -> String {
        switch value {
        case .text: "string"
        case .integer: "int"
        case .number: "float64"
        case .flag: "bool"
        case .list: "[]string"
        case .map: "map[string]string"
        case .record: "struct"
        case .time: "time.Time"
        case .nothing: "<nil>"
        }
    }
}
