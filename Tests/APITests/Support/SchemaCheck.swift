import Foundation

/// As much of JSON Schema as the OpenAPI document uses.
struct SchemaCheck {
    let document: [String: Any]

    init(_ text: [UInt8]) throws {
        document = try JSONSerialization.jsonObject(with: Data(text)) as? [String: Any] ?? [:]
    }

    /// What is wrong with a value, each with its place; empty when nothing is.
    func violations(_ value: Any, schema: [String: Any], at place: String = "$") -> [String] {
        if let reference = schema["$ref"] as? String {
            guard let named = resolve(reference) else { return ["\(place): no schema \(reference)"] }
            return violations(value, schema: named, at: place)
        }
        if let choices = schema["anyOf"] as? [[String: Any]] {
            let all = choices.map { violations(value, schema: $0, at: place) }
            return all.contains { $0.isEmpty } ? [] : all.flatMap { $0 }
        }
        let types = schema["type"] as? [String] ?? [schema["type"] as? String ?? "none"]
        guard types.contains(where: { SchemaCheck.isOf($0, value) }) else { return ["\(place): is no \(types)"] }
        if let values = schema["enum"] as? [String], let value = value as? String, !values.contains(value) {
            return ["\(place): \(value) is not in \(values)"]
        }
        if let items = value as? [Any], let item = schema["items"] as? [String: Any] {
            return items.enumerated().flatMap { violations($0.element, schema: item, at: "\(place)[\($0.offset)]") }
        }
        if let object = value as? [String: Any] { return members(object, schema, place) }
        return []
    }

    func resolve(_ reference: String) -> [String: Any]? {
        reference.dropFirst(2).split(separator: "/").reduce(document as Any?) { node, key in
            (node as? [String: Any])?[String(key)]
        } as? [String: Any]
    }

    private func members(_ object: [String: Any], _ schema: [String: Any], _ place: String) -> [String] {
        let required = schema["required"] as? [String] ?? []
        var found = required.filter { object[$0] == nil }.map { "\(place).\($0): missing" }
        let properties = schema["properties"] as? [String: [String: Any]] ?? [:]
        for (name, value) in object {
            let other = schema["additionalProperties"] as? [String: Any]
            guard let inner = properties[name] ?? other else {
                found.append("\(place).\(name): not in the schema")
                continue
            }
            found += violations(value, schema: inner, at: "\(place).\(name)")
        }
        return found
    }

    private static func isOf(_ type: String, _ value: Any) -> Bool {
        let number = value as? NSNumber
        let isFlag = number.map { isBoolean($0) } ?? false
        return switch type {
        case "string": value is String
        case "integer": number.map { !isFlag && $0.doubleValue.rounded() == $0.doubleValue } ?? false
        case "number": number != nil && !isFlag
        case "boolean": isFlag
        case "null": value is NSNull
        case "array": value is [Any]
        case "object": value is [String: Any]
        default: false
        }
    }

    /// JSON's booleans come as numbers of a char's size.
    private static func isBoolean(_ number: NSNumber) -> Bool {
        String(cString: number.objCType) == "c"
    }
}
