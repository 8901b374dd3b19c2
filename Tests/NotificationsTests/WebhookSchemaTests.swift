import Foundation
import Model
import Testing

@testable import Notifications

/// The parts of JSON Schema that our schema uses; an unknown keyword is an error, so that nothing goes unchecked.
private struct Schema {
    private let root: [String: Any]

    init(_ path: URL) throws {
        root = try #require(try JSONSerialization.jsonObject(with: Data(contentsOf: path)) as? [String: Any])
    }

    func problems(of value: Any) -> [String] { problems(of: value, against: root, at: "$") }

    private func problems(of value: Any, against schema: [String: Any], at place: String) -> [String] {
        schema.sorted { $0.key < $1.key }.flatMap { keyword, wanted -> [String] in
            check(value, keyword, wanted, at: place)
        }
    }

    private func check(_ value: Any, _ keyword: String, _ wanted: Any, at place: String) -> [String] {
        func wrong(_ isRight: Bool) -> [String] { isRight ? [] : ["\(place): \(keyword) \(wanted), got \(value)"] }
        let object = value as? [String: Any]
        switch keyword {
        case "$schema", "$defs", "title", "description": return []
        case "$ref":
            let name = (wanted as? String ?? "").split(separator: "/").last.map(String.init) ?? ""
            let definition = (root["$defs"] as? [String: Any])?[name] as? [String: Any]
            return definition.map { problems(of: value, against: $0, at: place) } ?? ["\(place): no \(wanted)"]
        case "type":
            let names = wanted as? [String] ?? [wanted as? String ?? ""]
            return wrong(names.contains { Self.isType($0, value) })
        case "const": return wrong((value as? NSObject) == (wanted as? NSObject))
        case "enum": return wrong((wanted as? [String] ?? []).contains(value as? String ?? ""))
        case "required":
            return (wanted as? [String] ?? []).filter { object != nil && object?[$0] == nil }.map {
                "\(place): no \($0)"
            }
        case "properties":
            return (wanted as? [String: [String: Any]] ?? [:]).flatMap { name, schema in
                object?[name].map { problems(of: $0, against: schema, at: "\(place).\(name)") } ?? []
            }
        case "additionalProperties":
            let schema = wanted as? [String: Any] ?? [:]
            return (object ?? [:]).flatMap { problems(of: $1, against: schema, at: "\(place).\($0)") }
        case "items":
            let schema = wanted as? [String: Any] ?? [:]
            return (value as? [Any] ?? []).flatMap { problems(of: $0, against: schema, at: "\(place)[]") }
        case "anyOf":
            let schemas = wanted as? [[String: Any]] ?? []
            return wrong(schemas.contains { problems(of: value, against: $0, at: place).isEmpty })
        case "minimum": return wrong((value as? Double ?? .infinity) >= (wanted as? Double ?? 0))
        case "maximum": return wrong((value as? Double ?? -.infinity) <= (wanted as? Double ?? 0))
        case "exclusiveMinimum": return wrong((value as? Double ?? .infinity) > (wanted as? Double ?? 0))
        case "minLength": return wrong((value as? String ?? "").count >= (wanted as? Int ?? 0))
        case "pattern":
            let pattern = wanted as? String ?? ""
            return wrong((value as? String)?.range(of: pattern, options: .regularExpression) != nil)
        default: return ["\(place): the keyword \(keyword) is not checked"]
        }
    }

    private static func isType(_ name: String, _ value: Any) -> Bool {
        switch name {
        case "null": value is NSNull
        case "string": value is String
        case "object": value is [String: Any]
        case "array": value is [Any]
        case "boolean": value is Bool
        case "number": value is Double && !(value is NSNull)
        case "integer": (value as? Double).map { $0 == $0.rounded() } ?? false
        default: false
        }
    }
}

@Suite("The webhook's schema")
struct WebhookSchemaTests {
    private static let path = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appendingPathComponent("docs/reference/webhook-v1.schema.json")

    private static func document(_ notification: Model.Notification) throws -> [String: Any] {
        try json(JSONBody.encode(WebhookDocument(Delivery(id: "a-1-x", receiver: "x", notification: notification))))
    }

    @Test(arguments: Model.Notification.Event.allCases)
    func everyEventFitsIt(_ event: Model.Notification.Event) throws {
        let schema = try Schema(Self.path)
        var bare = Model.Notification.sample(event)
        #expect(schema.problems(of: try Self.document(bare)) == [])
        (bare.alert, bare.splitBefore, bare.splitAfter, bare.incident, bare.timeline) = (nil, nil, nil, nil, [])
        #expect(schema.problems(of: try Self.document(bare)) == [])
    }

    @Test func theEvidenceOfAProofFitsIt() throws {
        var proven = Model.Notification.sample()
        proven.alert?.evidence.regression = .sample
        let document = try Self.document(proven)
        #expect(try Schema(Self.path).problems(of: document) == [])
        let alert = document["alert"] as? [String: Any]
        let found = alert?["regression"] as? [String: Any]
        #expect(found?["chance_one_in"] as? Double == 1_480 && found?["requests_needed"] as? Double == 1_900)
    }

    @Test func andADocumentThatDoesNotIsNamed() throws {
        let schema = try Schema(Self.path)
        var document = try Self.document(.sample())
        document["event"] = "party"
        document["at"] = "yesterday"
        document["summary"] = nil
        #expect(schema.problems(of: document).count == 3)
    }

    /// The example in the documentation is one.
    @Test func theDocumentedExampleFitsIt() throws {
        let page = try String(
            contentsOf: Self.path.deletingLastPathComponent().appendingPathComponent("webhooks.md"), encoding: .utf8)
        let parts = page.components(separatedBy: "```json\n")
        let example = try #require(parts.dropFirst().first?.components(separatedBy: "```").first)
        let object = try JSONSerialization.jsonObject(with: Data(example.utf8))
        #expect(try Schema(Self.path).problems(of: object) == [])
    }
}
