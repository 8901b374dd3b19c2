import Foundation
import Testing

@testable import Console

struct OpenAPITests {
    /// To write the file anew after a change, run the tests with ROLLGUARD_RECORD=1; that run fails all the same.
    @Test func theDocumentInTheRepositoryIsTheOneThatIsServed() throws {
        let root = URL(fileURLWithPath: #filePath).resolvingSymlinksInPath()
            .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        let file = root.appendingPathComponent("docs/reference/openapi.json")
        if ProcessInfo.processInfo.environment["ROLLGUARD_RECORD"] != nil {
            try Data(OpenAPIDocument.text.utf8).write(to: file)
            Issue.record("the file was written anew; run again without ROLLGUARD_RECORD")
        }
        let stored = try String(contentsOf: file, encoding: .utf8)
        #expect(stored == OpenAPIDocument.text)
    }

    @Test(arguments: Route.all.map { "\($0.method.rawValue) \($0.pattern)" })
    func everyRouteIsDescribed(name: String) throws {
        let route = try #require(Route.all.first { "\($0.method.rawValue) \($0.pattern)" == name })
        let contract = Contract.of(route)
        #expect(!contract.answers.isEmpty)
        #expect(!contract.name.isEmpty && !contract.name.contains("/"))
        let check = try SchemaCheck(Array(OpenAPIDocument.text.utf8))
        for schema in contract.answers.compactMap(\.schema) + [contract.body].compactMap({ $0 }) {
            #expect(check.resolve("#/components/schemas/\(schema)") != nil, "\(schema)")
        }
    }

    @Test func everyReferenceLeadsToASchemaAndEverySchemaIsReferred() throws {
        let check = try SchemaCheck(Array(OpenAPIDocument.text.utf8))
        let pieces = OpenAPIDocument.text.components(separatedBy: "\"$ref\": \"").dropFirst()
        let references = Set(pieces.map { String($0.prefix { $0 != "\"" }) })
        for reference in references { #expect(check.resolve(reference) != nil, "\(reference)") }
        #expect(references.count == Schema.all.count)
    }

    @Test(arguments: [
        ("GET", "/api/v1/status", "Status"), ("GET", "/api/v1/releases", "Releases"),
        ("GET", "/api/v1/releases/checkout", "Release"), ("GET", "/api/v1/incidents", "Incidents"),
        ("GET", "/api/v1/incidents/checkout-17", "Incident"), ("GET", "/api/v1/rules", "PrometheusRules"),
        ("GET", "/api/v1/alerts", "PrometheusAlerts"), ("GET", "/api/v1/releases/none", "Error"),
        ("GET", "/api/v1/deliveries", "Deliveries"),
        ("POST", "/api/v1/releases/checkout/rollback", "Command"), ("POST", "/api/v1/reload", "Command"),
    ])
    func answersAreWhatTheDocumentSays(method: String, path: String, schema: String) async throws {
        let entries = Sample.entries(Sample.events, incident: "checkout-17")
        try await LiveConsole.run(.init(entries: ["checkout-17": entries])) { console in
            let body = method == "POST" ? #"{"reason":"x"}"# : ""
            let reply = try await console.send(
                method, path, headers: ["Content-Length: \(body.utf8.count)"], body: body)
            let check = try SchemaCheck(try await console.get("/api/v1/openapi.json").body)
            let named = try #require(check.resolve("#/components/schemas/\(schema)"))
            let value = try JSONSerialization.jsonObject(with: Data(reply.body))
            #expect(check.mistakes(value, schema: named) == [])
        }
    }

    @Test func aRefusalIsWhatTheDocumentSays() throws {
        let check = try SchemaCheck(Array(OpenAPIDocument.text.utf8))
        let named = try #require(check.resolve("#/components/schemas/Refusal"))
        let value = try JSONSerialization.jsonObject(with: Data(Answer.json(RefusalDocument(text: "no")).body))
        #expect(check.mistakes(value, schema: named) == [])
    }
}
