import Foundation

/// The functions of a template, by name.
struct TemplateFunctions {
    let nowWallMs: Int64
    let offset: Int

    static let names: Set<String> = [
        "and", "or", "not", "eq", "ne", "lt", "le", "gt", "ge", "len", "index", "slice", "print", "printf", "println",
        "html", "js", "urlquery", "toUpper", "toLower", "title", "trimSpace", "join", "match", "reReplaceAll",
        "stringSlice", "safeHtml", "safeUrl", "safeJs", "urlUnescape", "toJson", "date", "tz", "since", "now",
        "humanize", "humanize1024", "humanizeDuration", "humanizePercentage", "humanizeTimestamp", "toTime",
        "parseDuration", "stripPort", "stripDomain",
    ]

    func call(_ name: String, _ arguments: [TemplateValue]) throws(TemplateError) -> TemplateValue {
        if let value = try logic(name, arguments) { return value }
        if let value = try texts(name, arguments) { return value }
        if let value = try patterns(name, arguments) { return value }
        if let value = try numbers(name, arguments) { return value }
        if let value = try times(name, arguments) { return value }
        throw fail("there is no function \"\(name)\"")
    }

    func fail(_ reason: String) -> TemplateError { TemplateError(reason, at: offset) }

    /// Exactly so many arguments.
    func take(_ count: Int, _ arguments: [TemplateValue], _ name: String) throws(TemplateError) -> [TemplateValue] {
        guard arguments.count == count else {
            throw fail("\(name) takes \(count) argument\(count == 1 ? "" : "s"), not \(arguments.count)")
        }
        return arguments
    }

    func text(_ value: TemplateValue, _ name: String) throws(TemplateError) -> String {
        guard case .text(let text) = value else { throw fail("\(name) takes a text") }
        return text
    }

    /// Of a number, or of a text that is one.
    func number(_ value: TemplateValue, _ name: String) throws(TemplateError) -> Double {
        switch value {
        case .integer(let value): return Double(value)
        case .number(let value): return value
        case .text(let text):
            if let value = GoNumber.parse(text) { return value }
            throw fail("\(name) takes a number, not \"\(text.prefix(40))\"")
        default: throw fail("\(name) takes a number")
        }
    }

    // MARK: Logic

    private func logic(_ name: String, _ arguments: [TemplateValue]) throws(TemplateError) -> TemplateValue? {
        switch name {
        case "not": return .flag(!(try take(1, arguments, name)[0].isTrue))
        case "eq":
            guard arguments.count >= 2 else { throw fail("eq takes at least 2 arguments") }
            for other in arguments.dropFirst() where try order(arguments[0], other, name) == 0 { return .flag(true) }
            return .flag(false)
        case "ne", "lt", "le", "gt", "ge":
            let both = try take(2, arguments, name)
            return .flag(TemplateFunctions.holds(name, try order(both[0], both[1], name)))
        case "len":
            switch try take(1, arguments, name)[0] {
            case .text(let text): return .integer(text.utf8.count)
            case .list(let list): return .integer(list.count)
            case .map(let map): return .integer(map.count)
            default: throw fail("len takes a text, a list or a map")
            }
        case "index": return try index(arguments)
        case "slice": return try slice(arguments)
        default: return nil
        }
    }

    private static func holds(_ name: String, _ order: Int?) -> Bool {
        // NaN is not less than anything and not equal to anything, and Go makes the other comparisons of these two.
        guard let order else { return name != "lt" && name != "le" }
        return switch name {
        case "ne": order != 0
        case "lt": order < 0
        case "le": order <= 0
        case "gt": order > 0
        default: order >= 0
        }
    }

    /// Below 0 for a smaller first value; nil where there is no order.
    private func order(
        _ first: TemplateValue, _ second: TemplateValue, _ name: String
    ) throws(TemplateError) -> Int? {
        switch (first, second) {
        case (.text(let left), .text(let right)):
            return left == right ? 0 : left.utf8.lexicographicallyPrecedes(right.utf8) ? -1 : 1
        case (.flag(let left), .flag(let right)): return left == right ? 0 : 1
        case (.integer, .integer), (.integer, .number), (.number, .integer), (.number, .number):
            let (left, right) = (try number(first, name), try number(second, name))
            if left.isNaN || right.isNaN { return nil }
            return left == right ? 0 : left < right ? -1 : 1
        case (.nothing, _), (_, .nothing): return first == second ? 0 : 1
        default: throw fail("\(name) cannot compare these values")
        }
    }

    private func index(_ arguments: [TemplateValue]) throws(TemplateError) -> TemplateValue {
        guard var value = arguments.first else { throw fail("index takes a list or a map") }
        for key in arguments.dropFirst() {
            switch (value, key) {
            case (.list(let list), .integer(let place)):
                guard list.indices.contains(place) else { throw fail("index \(place) is out of range") }
                value = list[place]
            case (.map(let map), .text(let name)): value = map[name] ?? .text("")
            default: throw fail("index takes a list with a number, or a map with a text")
            }
        }
        return value
    }

    /// Of a text in bytes, as in Go; an end within a character is moved to its beginning.
    private func slice(_ arguments: [TemplateValue]) throws(TemplateError) -> TemplateValue {
        guard let value = arguments.first, arguments.count <= 3 else {
            throw fail("slice takes a value and 1 or 2 numbers")
        }
        var places: [Int] = []
        for argument in arguments.dropFirst() {
            guard case .integer(let place) = argument else { throw fail("slice takes whole numbers") }
            places.append(place)
        }
        func range(_ count: Int) throws(TemplateError) -> Range<Int> {
            let (low, high) = (places.first ?? 0, places.count > 1 ? places[1] : count)
            guard low >= 0, low <= high, high <= count else { throw fail("slice is out of range") }
            return low..<high
        }
        switch value {
        case .list(let list): return .list(Array(list[try range(list.count)]))
        case .text(let text):
            let bytes = Array(text.utf8)
            return .text(String(decoding: bytes[try range(bytes.count)], as: UTF8.self))
        default: throw fail("slice takes a text or a list")
        }
    }
}
