import Foundation
import Model
import Testing

@testable import API

/// `openapi.json` is written by hand; here it is held to the routes and to what they answer.
@Suite("The OpenAPI document")
struct OpenAPITests {
    private let contract: APIContract

    init() throws { contract = try APIContract(OpenAPIDocument.bytes) }

    @Test func describesTheRoutesThatAreServedAndNoOther() {
        let served = Route.all.map { "\($0.method.rawValue) \($0.pattern)" }
        #expect(contract.operations.keys.sorted() == served.sorted())
        let names = contract.operations.values.compactMap { $0["operationId"] as? String }
        #expect(Set(names).count == served.count, "each operation has an operationId of its own")
    }

    @Test(arguments: Route.all.map { "\($0.method.rawValue) \($0.pattern)" })
    func describesARouteAsItIs(name: String) throws {
        let route = try #require(Route.all.first { "\($0.method.rawValue) \($0.pattern)" == name })
        let operation = try #require(contract.operations[name])
        #expect(operation["summary"] as? String == route.summary)
        let parameters = operation["parameters"] as? [[String: Any]] ?? []
        let inPath = route.pattern.matches(of: /\{([a-z]+)\}/).map { String($0.1) }
        let required = parameters.filter { $0["in"] as? String == "path" && $0["required"] as? Bool == true }
        #expect(required.compactMap { $0["name"] as? String } == inPath)
        let others = parameters.filter { $0["in"] as? String != "path" }
        let areOptional = others.allSatisfy {
            ["header", "query"].contains($0["in"] as? String) && $0["required"] == nil
        }
        #expect(areOptional)
        let statuses = Set((operation["responses"] as? [String: Any] ?? [:]).keys)
        #expect(statuses.contains("200") || statuses.contains("202"))
        #expect(statuses.contains("403"), "each listener refuses foreign hosts and origins")
        let isChange = route.method == .post
        #expect((operation["security"] != nil) == isChange)
        if isChange { #expect(statuses.isSuperset(of: ["401", "408", "413", "503"]), "the guard's answers") }
    }

    @Test func refersToItsSchemasAndHasNoOther() throws {
        let references = Set(contract.references)
        for reference in references { #expect(contract.check.resolve(reference) != nil, "\(reference)") }
        #expect(references == Set(contract.schemaNames.map { "#/components/schemas/\($0)" }))
    }

    @Test func namesTheValuesThatTheModelHas() {
        #expect(contract.values("Release", "phase") == ReleaseSnapshot.Phase.allCases.map(\.rawValue))
        #expect(contract.values("Rule", "action") == RulePlan.Action.allCases.map(\.rawValue))
        #expect(contract.values("Rollout", "state") == Rollout.State.allCases.map(\.rawValue))
        #expect(contract.values("OrderRefusal", "code") == RefusalCode.allCases.map(\.rawValue))
    }

    @Test(arguments: [
        ("GET /api/v1/status", "/api/v1/status", 200), ("GET /api/v1/releases", "/api/v1/releases", 200),
        ("GET /api/v1/releases/{name}", "/api/v1/releases/checkout", 200),
        ("GET /api/v1/releases/{name}", "/api/v1/releases/none", 404),
        ("GET /api/v1/incidents", "/api/v1/incidents", 200),
        ("GET /api/v1/incidents/{id}", "/api/v1/incidents/checkout-17", 200),
        ("GET /api/v1/incidents/{id}", "/api/v1/incidents/none", 404),
        ("GET /api/v1/rules", "/api/v1/rules", 200), ("GET /api/v1/alerts", "/api/v1/alerts", 200),
        ("GET /api/v1/deliveries", "/api/v1/deliveries", 200), ("GET /api/v1/targets", "/api/v1/targets", 200),
        ("POST /api/v1/releases/{name}/rollback", "/api/v1/releases/checkout/rollback", 202),
        ("POST /api/v1/releases/{name}/rearm", "/api/v1/releases/checkout/rearm", 202),
        ("POST /api/v1/deliveries/resend", "/api/v1/deliveries/resend", 400),
        ("POST /api/v1/reload", "/api/v1/reload", 200),
        ("GET /api/v1/releases/{name}/rollouts", "/api/v1/releases/shop/rollouts", 200),
        ("GET /api/v1/rollouts/{id}", "/api/v1/rollouts/shop-r42", 200),
        ("GET /api/v1/rollouts/{id}/events", "/api/v1/rollouts/shop-r42/events", 200),
        ("POST /api/v1/rollouts/{id}/pause", "/api/v1/rollouts/shop-r42/pause", 202),
        ("POST /api/v1/rollouts/{id}/promote", "/api/v1/rollouts/shop-r42/promote", 428),
        ("POST /api/v1/freeze", "/api/v1/freeze", 202),
    ])
    func describesTheAnswers(name: String, path: String, status: Int) async throws {
        let entries = Sample.entries(Sample.events, incident: "checkout-17")
        let contract = contract
        try await LiveConsole.run(.init(snapshot: Sample.led, entries: ["checkout-17": entries])) { console in
            let method = String(name.prefix { $0 != " " })
            let body = method == "POST" ? #"{"reason":"x"}"# : ""
            let reply = try await console.send(
                method, path, headers: ["Content-Length: \(body.utf8.count)"], body: body)
            #expect(reply.status == status)
            let schema = try #require(contract.answer(name, status: status))
            let value = try JSONSerialization.jsonObject(with: Data(reply.body))
            #expect(contract.check.violations(value, schema: schema) == [])
        }
    }

    @Test(arguments: [
        ("GET /api/v1/status", "/api/v1/status"), ("GET /api/v1/rollouts/{id}", "/api/v1/rollouts/shop-r42"),
        ("GET /api/v1/releases/{name}/rollouts", "/api/v1/releases/shop/rollouts"),
    ])
    func describesTheAnswersAboutAUnit(name: String, path: String) async throws {
        let contract = contract
        try await LiveConsole.run(.init(snapshot: Sample.unit)) { console in
            let value = try JSONSerialization.jsonObject(with: Data(try await console.get(path).body))
            let schema = try #require(contract.answer(name, status: 200))
            #expect(contract.check.violations(value, schema: schema) == [])
        }
    }

    @Test func describesTheBodiesOfCalls() throws {
        let rollback = try #require(contract.body("POST /api/v1/releases/{name}/rollback"))
        let full = ["reason": "x", "to": "v1", "by": "ann"]
        #expect(contract.check.violations(full, schema: rollback) == [])
        #expect(contract.check.violations(["to": "v1"], schema: rollback) == ["$.reason: missing"])
        #expect(
            contract.check.violations(["reason": "x", "why": "y"], schema: rollback) == ["$.why: not in the schema"])
    }

    @Test func describesARefusal() throws {
        let schema = try #require(contract.answer("POST /api/v1/releases/{name}/rollback", status: 409))
        let value = try JSONSerialization.jsonObject(with: Data(Answer.json(RefusalDocument(text: "no")).body))
        #expect(contract.check.violations(value, schema: schema) == [])
    }

    @Test func isServedAsItIs() async throws {
        try await LiveConsole.run { console in
            let served = try await console.get("/api/v1/openapi.json").body
            #expect(served == OpenAPIDocument.bytes)
        }
    }
}

/// The OpenAPI document as the tests read it.
struct APIContract: @unchecked Sendable {
    // `@unchecked`: `[String: Any]` holds what JSONSerialization made, and nothing changes it.
    let check: SchemaCheck
    /// By `GET /api/v1/status`.
    let operations: [String: [String: Any]]
    /// All values of `$ref`.
    let references: [String]

    init(_ bytes: [UInt8]) throws {
        check = try SchemaCheck(bytes)
        var operations: [String: [String: Any]] = [:]
        for (path, methods) in check.document["paths"] as? [String: [String: [String: Any]]] ?? [:] {
            for (method, operation) in methods { operations["\(method.uppercased()) \(path)"] = operation }
        }
        self.operations = operations
        let text = String(decoding: bytes, as: UTF8.self)
        references = text.matches(of: /"\$ref": "([^"]+)"/).map { String($0.1) }
    }

    var schemaNames: [String] {
        let components = check.document["components"] as? [String: Any]
        return (components?["schemas"] as? [String: Any] ?? [:]).keys.sorted()
    }

    /// The values that a property of a schema may have.
    func values(_ schema: String, _ property: String) -> [String]? {
        let properties = check.resolve("#/components/schemas/\(schema)")?["properties"] as? [String: [String: Any]]
        return properties?[property]?["enum"] as? [String]
    }

    /// The schema of an operation's JSON answer.
    func answer(_ operation: String, status: Int) -> [String: Any]? {
        let responses = operations[operation]?["responses"] as? [String: [String: Any]]
        return Self.schema(responses?["\(status)"])
    }

    /// The schema of an operation's request body.
    func body(_ operation: String) -> [String: Any]? {
        Self.schema(operations[operation]?["requestBody"] as? [String: Any])
    }

    private static func schema(_ message: [String: Any]?) -> [String: Any]? {
        let content = message?["content"] as? [String: [String: Any]]
        return content?["application/json"]?["schema"] as? [String: Any]
    }
}
