import Foundation
import Telemetry

/// Texts and patterns.
extension TemplateFunctions {
    func texts(_ name: String, _ arguments: [TemplateValue]) throws(TemplateError) -> TemplateValue? {
        func one() throws(TemplateError) -> String { try text(try take(1, arguments, name)[0], name) }
        switch name {
        case "toUpper": return .text(try one().uppercased())
        case "toLower": return .text(try one().lowercased())
        case "title": return .text(TemplateFunctions.title(try one()))
        case "trimSpace": return .text(try one().trimmingCharacters(in: .whitespacesAndNewlines))
        // The result is plain text whatever they say: the place escapes it.
        case "safeHtml", "safeUrl", "safeJs": return .text(try one())
        case "html": return .text(TemplateFunctions.html(try joined(arguments)))
        case "js": return .text(TemplateFunctions.js(try joined(arguments)))
        case "urlquery": return .text(TemplateFunctions.query(try joined(arguments)))
        case "urlUnescape":
            let text = try one()
            guard let plain = text.replacing("+", with: " ").removingPercentEncoding else {
                throw fail("urlUnescape takes a text in percent-encoding")
            }
            return .text(plain)
        case "stringSlice": return .list(arguments)
        case "join": return .text(try join(arguments))
        case "print": return .text(TemplateFunctions.print(arguments))
        case "println": return .text(arguments.map(\.printed).joined(separator: " ") + "\n")
        case "printf":
            guard let first = arguments.first else { throw fail("printf takes a format") }
            return .text(try GoFormat(offset: offset).text(try text(first, name), Array(arguments.dropFirst())))
        case "toJson": return .text(try TemplateJSON.text(try take(1, arguments, name)[0], at: offset))
        case "stripPort": return .text(TemplateFunctions.host(try one()))
        case "stripDomain":
            let host = try one()
            return .text(host.split(separator: ".", omittingEmptySubsequences: false).first.map(String.init) ?? host)
        default: return nil
        }
    }

    private func joined(_ arguments: [TemplateValue]) throws(TemplateError) -> String {
        TemplateFunctions.print(arguments)
    }

    /// Go's Sprint: a space between two values neither of which is a text.
    private static func print(_ values: [TemplateValue]) -> String {
        var shown = ""
        for (index, value) in values.enumerated() {
            if index > 0, !values[index].isText, !values[index - 1].isText { shown += " " }
            shown += value.printed
        }
        return shown
    }

    /// `join ", " list`, as Alertmanager has it.
    private func join(_ arguments: [TemplateValue]) throws(TemplateError) -> String {
        let both = try take(2, arguments, "join")
        guard case .text(let separator) = both[0], case .list(let list) = both[1] else {
            throw fail("join takes a separator and a list")
        }
        return list.map(\.printed).joined(separator: separator)
    }

    /// Each first letter of a word in capitals, the others as they are.
    private static func title(_ text: String) -> String {
        var isInside = false
        return String(
            text.map { letter -> Character in
                defer { isInside = letter.isLetter || letter.isNumber || letter == "'" || letter == "_" }
                return isInside ? letter : letter.uppercased().first ?? letter
            })
    }

    private static func html(_ text: String) -> String {
        var shown = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "<": shown += "&lt;"
            case ">": shown += "&gt;"
            case "&": shown += "&amp;"
            case "\"": shown += "&#34;"
            case "'": shown += "&#39;"
            case "\0": shown += "\u{FFFD}"
            default: shown.unicodeScalars.append(scalar)
            }
        }
        return shown
    }

    private static func js(_ text: String) -> String {
        var shown = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\\", "'", "\"": shown += "\\\(Character(scalar))"
            case "<", ">", "&", "=": shown += "\\u" + String(format: "%04X", scalar.value)
            case let control where control.value < 0x20: shown += "\\u" + String(format: "%04X", control.value)
            default: shown.unicodeScalars.append(scalar)
            }
        }
        return shown
    }

    private static func query(_ text: String) -> String {
        let kept = CharacterSet(charactersIn: "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~ ")
        return (text.addingPercentEncoding(withAllowedCharacters: kept) ?? "").replacing(" ", with: "+")
    }

    private static func host(_ address: String) -> String {
        if address.hasPrefix("["), let end = address.firstIndex(of: "]") {
            return String(address[address.index(after: address.startIndex)..<end])
        }
        let parts = address.split(separator: ":", omittingEmptySubsequences: false)
        return parts.count == 2 ? String(parts[0]) : address
    }

    // MARK: Patterns, matched in linear time

    func patterns(_ name: String, _ arguments: [TemplateValue]) throws(TemplateError) -> TemplateValue? {
        switch name {
        case "match":
            let both = try take(2, arguments, name)
            let pattern = try pattern("(?s:.*)(?:\(try text(both[0], name)))(?s:.*)", name)
            return .flag(pattern.matches(try text(both[1], name)))
        case "reReplaceAll":
            let three = try take(3, arguments, name)
            return .text(
                try replaced(try text(three[0], name), by: try text(three[1], name), in: try text(three[2], name)))
        default: return nil
        }
    }

    private func pattern(_ text: String, _ name: String) throws(TemplateError) -> LabelPattern {
        do throws(PatternError) { return try LabelPattern(text) } catch {
            throw fail("\(name): \(error.reason)")
        }
    }

    /// Replacements of one text.
    private static let replacementLimit = 1_000
    /// Longer texts are refused: each replacement reads the rest of the text once.
    private static let replacedLimitBytes = 16_384

    private func replaced(
        _ expression: String, by replacement: String, in text: String
    ) throws(TemplateError) -> String {
        guard text.utf8.count <= TemplateFunctions.replacedLimitBytes else {
            throw fail("reReplaceAll takes texts of up to \(TemplateFunctions.replacedLimitBytes) bytes")
        }
        // The shortest beginning after which the expression matches, and what it matches there.
        let pattern = try pattern("((?s:.*?))(\(expression))(?s:.*)", "reReplaceAll")
        var (shown, rest, count) = ("", text, 0)
        // An empty match right behind another match is none.
        var isBehindMatch = false
        while let found = pattern.captures(in: rest), let before = found[1], let match = found[2] {
            count += 1
            guard count <= TemplateFunctions.replacementLimit else { throw fail("reReplaceAll replaces too much") }
            let counts = !(isBehindMatch && before.isEmpty && match.isEmpty)
            if counts { shown += before + TemplateFunctions.expanded(replacement, found) }
            rest = String(rest[match.endIndex...])
            isBehindMatch = !match.isEmpty
            if match.isEmpty {
                guard let next = rest.unicodeScalars.first else { return shown }
                shown.unicodeScalars.append(next)
                rest.unicodeScalars.removeFirst()
            }
            if expression.hasPrefix("^") { break }
        }
        return shown + rest
    }

    /// `$1`, `${1}`, `${name}` and `$$`. Group 1 of the expression is group 3 of the whole.
    private static func expanded(_ replacement: String, _ found: PatternCaptures) -> String {
        var (shown, rest) = ("", Substring(replacement))
        while let dollar = rest.firstIndex(of: "$") {
            shown += rest[..<dollar]
            rest = rest[rest.index(after: dollar)...]
            if rest.hasPrefix("$") {
                shown += "$"
                rest.removeFirst()
                continue
            }
            let isBraced = rest.hasPrefix("{")
            let body = isBraced ? rest.dropFirst() : rest
            let name = body.prefix { $0 == "_" || $0.isLetter || $0.isNumber }
            guard !name.isEmpty, !isBraced || body[name.endIndex...].hasPrefix("}") else {
                shown += "$"
                continue
            }
            shown += Int(name).map { $0 == 0 ? found[2] ?? "" : found[$0 + 2] ?? "" } ?? found[name: String(name)] ?? ""
            rest = isBraced ? body[name.endIndex...].dropFirst() : body[name.endIndex...]
        }
        return shown + rest
    }
}

extension TemplateValue {
    fileprivate var isText: Bool { if case .text = self { true } else { false } }
}

/// A value as JSON.
enum TemplateJSON {
    static func text(_ value: TemplateValue, at offset: Int) throws(TemplateError) -> String {
        switch value {
        case .nothing: return "null"
        case .text(let text): return quoted(text)
        case .integer(let value): return String(value)
        case .number(let value):
            guard value.isFinite else {
                throw TemplateError("JSON has no \(value.isNaN ? "NaN" : "infinity")", at: offset)
            }
            return GoNumber.shortest(value)
        case .flag(let flag): return flag ? "true" : "false"
        case .list(let list):
            var parts: [String] = []
            for value in list { parts.append(try text(value, at: offset)) }
            return "[" + parts.joined(separator: ",") + "]"
        case .map(let map), .record(let map):
            var parts: [String] = []
            for (key, value) in TemplateValue.sorted(map) {
                parts.append(quoted(key) + ":" + (try text(value, at: offset)))
            }
            return "{" + parts.joined(separator: ",") + "}"
        case .time(let wallMs, let seconds, let zone):
            return quoted(GoTime(wallMs: wallMs, offsetSeconds: seconds, zone: zone).text("2006-01-02T15:04:05Z07:00"))
        }
    }

    /// With Go's escapes of `<`, `>` and `&`.
    static func quoted(_ text: String) -> String {
        var shown = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": shown += "\\\""
            case "\\": shown += "\\\\"
            case "\n": shown += "\\n"
            case "\r": shown += "\\r"
            case "\t": shown += "\\t"
            case "<", ">", "&", "\u{2028}", "\u{2029}": shown += "\\u" + String(format: "%04x", scalar.value)
            case let control where control.value < 0x20: shown += "\\u" + String(format: "%04x", control.value)
            default: shown.unicodeScalars.append(scalar)
            }
        }
        return shown + "\""
    }
}
