extension Schema {
    static let all = statusSchemas + regressionSchemas + incidentSchemas + callSchemas + prometheusSchemas

    private static let callSchemas: [Schema] = [
        Schema(
            "Rollback",
            [
                Field("reason", .text, "Why, for the incident's record; at most 1000 characters."),
                Field("to", .text, "The version to go back to; the baseline's unless said.", required: false),
                Field("by", .text, "Who asks.", required: false),
            ]),
        Schema(
            "Rearm",
            [
                Field("reason", .text, "Why, for the journal; at most 1000 characters."),
                Field("by", .text, "Who asks.", required: false),
            ]),
        Schema(
            "DeliveryChoice",
            [
                Field("id", .text, "One delivery; or else `receiver`.", required: false),
                Field("receiver", .text, "All deliveries of this receiver; or else `id`.", required: false),
                Field("reason", .text, "Why, for the log; at most 1000 characters.", required: false),
                Field("by", .text, "Who asks.", required: false),
            ]),
        Schema(
            "DroppedDeliveries",
            [
                Field("id", .text, "One delivery; or else `receiver`.", required: false),
                Field("receiver", .text, "All deliveries of this receiver; or else `id`.", required: false),
                Field("reason", .text, "Why, for the log; at most 1000 characters."),
                Field("by", .text, "Who asks.", required: false),
            ]),
        Schema(
            "Command",
            [
                Field("result", .words(["accepted"])),
                Field("text", .text, "What happens next."),
                Field("incident", .nullable(.text), "The incident to follow."),
            ]),
        Schema(
            "Refusal",
            [
                Field("result", .words(["refused"])),
                Field("text", .text, "Why nothing happens."),
                Field("incident", .nullable(.text), "Always null."),
                Field("error", .text, "The text again, so that every error reads as an Error."),
            ]),
        Schema(
            "Error",
            [
                Field("error", .text, "What is wrong and, where there is something, what to do."),
                Field(
                    "socket", .text, "The unix socket on which the call is taken, where that is what is wrong.",
                    required: false),
            ]),
    ]

    /// Prometheus' API, https://prometheus.io/docs/prometheus/latest/querying/api/#rules.
    private static let prometheusSchemas: [Schema] = [
        Schema(
            "PrometheusRules",
            [
                Field("status", .words(["success"])), Field("data", .reference("PrometheusGroups")),
            ]),
        Schema("PrometheusGroups", [Field("groups", .list(.reference("PrometheusGroup")))]),
        Schema(
            "PrometheusGroup",
            [
                Field("name", .text), Field("file", .text, "The release's name."),
                Field("interval", .number, "Always 0: rules are evaluated with every scrape cycle."),
                Field("rules", .list(.reference("PrometheusRule"))),
            ]),
        Schema(
            "PrometheusRule",
            [
                Field("type", .words(["alerting"])), Field("name", .text),
                Field("query", .text, "The condition; it is not PromQL."),
                Field("duration", .number, "Seconds."), Field("keepFiringFor", .number, "Seconds."),
                Field("labels", .texts), Field("annotations", .texts),
                Field("alerts", .list(.reference("PrometheusAlert"))),
                Field("health", .words(["ok", "unknown"]), "unknown while the verdict is inconclusive."),
                Field("state", .words(["inactive", "pending", "firing"])),
                Field("lastEvaluation", .time), Field("evaluationTime", .number, "Always 0."),
            ]),
        Schema(
            "PrometheusAlerts",
            [
                Field("status", .words(["success"])), Field("data", .reference("PrometheusAlertList")),
            ]),
        Schema("PrometheusAlertList", [Field("alerts", .list(.reference("PrometheusAlert")))]),
        Schema(
            "PrometheusAlert",
            [
                Field("labels", .texts), Field("annotations", .texts),
                Field("state", .words(["pending", "firing"])), Field("activeAt", .time),
                Field("value", .text, "The canary's value, as Go's %e."),
            ]),
    ]
}
