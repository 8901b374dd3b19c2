/// This API as an OpenAPI 3.1 document, made from the routes and the schemas.
enum OpenAPIDocument {
    /// As served; ends with a line break.
    static let text = tree.printed() + "\n"

    /// The API's version, not Rollguard's: it changes when a field goes or changes its meaning.
    private static let apiVersion = "1"

    private static var tree: JSONTree {
        .object([
            ("openapi", .text("3.1.0")),
            (
                "info",
                .object([
                    ("title", .text("Rollguard")), ("version", .text(apiVersion)),
                    (
                        "description",
                        .text(
                            "What the daemon sees, and the commands. Times are RFC 3339 in UTC with milliseconds; shares of traffic are basis points; numbers that JSON cannot write are null. New fields may appear within a version."
                        )
                    ),
                ])
            ),
            ("paths", .object(paths)),
            (
                "components",
                .object([
                    ("schemas", .object(Schema.all.map { ($0.name, $0.tree) })),
                    (
                        "securitySchemes",
                        .object([
                            (
                                "token",
                                .object([
                                    ("type", .text("http")), ("scheme", .text("bearer")),
                                    (
                                        "description",
                                        .text("Only where `listen` names a token; else commands are local.")
                                    ),
                                ])
                            )
                        ])
                    ),
                ])
            ),
        ])
    }

    /// One member per path, the methods inside, both in the order of the routes.
    private static var paths: [(String, JSONTree)] {
        var patterns: [String] = []
        for route in Route.all where !patterns.contains(route.pattern) { patterns.append(route.pattern) }
        return patterns.map { pattern in
            let routes = Route.all.filter { $0.pattern == pattern }
            return (pattern, .object(routes.map { ($0.method.rawValue.lowercased(), operation($0)) }))
        }
    }

    private static func operation(_ route: Route) -> JSONTree {
        let contract = Contract.of(route)
        var members: [(String, JSONTree)] = [
            ("operationId", .text(contract.name)), ("summary", .text(route.summary)),
        ]
        let parameters = route.parameterNames.map(parameter)
        if !parameters.isEmpty { members.append(("parameters", .list(parameters))) }
        if let body = contract.body {
            members.append(
                ("requestBody", .object([("required", .flag(true)), ("content", content("application/json", body))])))
        }
        members.append(("responses", .object(contract.answers.map { (String($0.status), response($0)) })))
        if route.method == .post {
            members.append(("security", .list([.object([("token", .list([]))]), .object([])])))
        }
        return .object(members)
    }

    private static func parameter(_ name: String) -> JSONTree {
        .object([
            ("name", .text(name)), ("in", .text("path")), ("required", .flag(true)),
            ("schema", .object([("type", .text("string"))])),
        ])
    }

    private static func response(_ answer: Contract.Answer) -> JSONTree {
        .object([("description", .text(answer.description)), ("content", content(answer.contentType, answer.schema))])
    }

    private static func content(_ type: String, _ schema: String?) -> JSONTree {
        let shape = schema.map { Schema.reference($0) } ?? .object([("type", .text("string"))])
        return .object([(type, .object([("schema", shape)]))])
    }
}

extension Route {
    /// `["name"]` for `/api/v1/releases/{name}`.
    var parameterNames: [String] {
        Route.split(pattern).filter { $0.first == "{" }.map { String($0.dropFirst().dropLast()) }
    }
}
