/// What a route takes and answers, for the OpenAPI document.
struct Contract: Sendable {
    struct Answer: Sendable {
        let status: Int
        let description: String
        /// Nil for text.
        let schema: String?
        let contentType: String

        init(_ status: Int, _ description: String, _ schema: String?, contentType: String? = nil) {
            self.status = status
            self.description = description
            self.schema = schema
            self.contentType = contentType ?? (schema == nil ? "text/plain" : "application/json")
        }
    }

    /// `operationId`.
    let name: String
    var body: String?
    let answers: [Answer]

    static func of(_ route: Route) -> Contract {
        let known = all["\(route.method.rawValue) \(route.pattern)"] ?? Contract(name: route.pattern, answers: [])
        guard !known.answers.contains(where: { $0.status == 403 }) else { return known }
        let schema = Route.isAPI(route.pattern) ? "Error" : nil
        let foreign = Answer(403, "`Host` is not a name of this daemon, or a page of another site asks", schema)
        let position = known.answers.firstIndex { $0.status > 403 } ?? known.answers.count
        var answers = known.answers
        answers.insert(foreign, at: position)
        return Contract(name: known.name, body: known.body, answers: answers)
    }

    private static let all: [String: Contract] = [
        "GET /": text("index", "The routes"),
        "GET /api/v1/status": document("status", "Status"),
        "GET /api/v1/releases": document("releases", "Releases"),
        "GET /api/v1/releases/{name}": document("release", "Release", missing: "No such release"),
        "POST /api/v1/releases/{name}/rollback": command("rollback", body: "Rollback"),
        "POST /api/v1/releases/{name}/rearm": command("rearm", body: "Rearm"),
        "GET /api/v1/incidents": document("incidents", "Incidents"),
        "GET /api/v1/incidents/{id}": document("incident", "Incident", missing: "No such incident"),
        "GET /api/v1/deliveries": document("deliveries", "Deliveries", unavailable: "The outbox cannot be read"),
        "POST /api/v1/deliveries/resend": command(
            "resendDeliveries", body: "DeliveryChoice", missing: "No such delivery"),
        "POST /api/v1/deliveries/drop": command(
            "dropDeliveries", body: "DroppedDeliveries", missing: "No such delivery"),
        "GET /api/v1/rules": document("rules", "PrometheusRules"),
        "GET /api/v1/alerts": document("alerts", "PrometheusAlerts"),
        "POST /api/v1/reload": Contract(
            name: "reload",
            answers: [
                Answer(200, "The new configuration is in force", "Command"),
                Answer(400, "Every mistake in the files; nothing has changed", "Refusal"),
            ] + guardAnswers(schema: "Error")),
        "GET /api/v1/openapi.json": Contract(
            name: "openapi", answers: [Answer(200, "This document", nil, contentType: "application/json")]),
        "GET /metrics": text("metrics", "Prometheus text format 0.0.4"),
        "GET /-/healthy": text("healthy", "The process answers"),
        "GET /-/ready": Contract(
            name: "ready", answers: [Answer(200, "Ready", nil), Answer(503, "Not ready, and why", nil)]),
        "POST /-/reload": Contract(
            name: "reloadAsText",
            answers: [
                Answer(200, "The new configuration is in force", nil),
                Answer(400, "Every mistake in the files; nothing has changed", nil),
            ] + guardAnswers(schema: nil)),
    ]

    private static func text(_ name: String, _ description: String) -> Contract {
        Contract(name: name, answers: [Answer(200, description, nil)])
    }

    private static func document(
        _ name: String, _ schema: String, missing: String? = nil, unavailable: String? = nil
    ) -> Contract {
        let found = Answer(200, "The document", schema)
        let others = [missing.map { Answer(404, $0, "Error") }, unavailable.map { Answer(503, $0, "Error") }]
        return Contract(name: name, answers: [found] + others.compactMap { $0 })
    }

    private static func command(_ name: String, body: String, missing: String = "No such release") -> Contract {
        Contract(
            name: name, body: body,
            answers: [
                Answer(202, "Taken up", "Command"),
                Answer(400, "The body is wrong", "Error"),
                Answer(404, missing, "Error"),
                Answer(409, "Refused", "Refusal"),
            ] + guardAnswers(schema: "Error"))
    }

    private static func guardAnswers(schema: String?) -> [Answer] {
        [
            Answer(401, "The token is missing", schema),
            Answer(403, "The token is wrong, or the call is not taken from there", schema),
            Answer(408, "The body did not arrive in time", schema),
            Answer(413, "The body is too large", schema),
            Answer(503, "The token cannot be checked", schema),
        ]
    }
}
