extension Schema {
    private static let summaryFields: [Field] = [
        Field("id", .text), Field("release", .text),
        Field(
            "state",
            .words(["intended", "applied", "observed", "acknowledged", "abandoned", "dry_run", "rearmed"])),
        Field("open", .flag),
        Field("opened_at", .time),
        Field("closed_at", .nullable(.time)),
        Field("dry_run", .flag),
        Field("from_version", .text), Field("to_version", .text),
        Field("trigger", .words(["rule", "operator"])),
        Field("rule", .nullable(.text), "The rule that fired."),
        Field("by", .nullable(.text), "The operator."),
        Field("reason", .nullable(.text), "The operator's."),
        Field("canary_basis_points_before", .nullable(.integer), "Null when it was never read."),
        Field("canary_basis_points_wanted", .integer),
        Field("attempts", .integer, "Router calls made."),
        Field("reapplications", .integer, "Times the split was set again after the acknowledgement."),
    ]

    /// Incidents, their evidence, the journal.
    static let incidentSchemas: [Schema] = [
        Schema("Incidents", [Field("at", .time), Field("incidents", .list(.reference("IncidentSummary")))]),
        Schema("IncidentSummary", summaryFields),
        Schema(
            "Incident",
            summaryFields + [
                Field("alert", .nullable(.reference("Alert")), "Null for an operator's command."),
                Field("timeline", .list(.reference("TimelineStep"))),
                Field("entries", .list(.reference("Entry")), "What the journal holds on it, oldest first."),
                Field("journal_problem", .nullable(.text), "Why the entries could not be read."),
            ]),
        Schema(
            "Alert",
            [
                Field("rule", .text), Field("action", .text), Field("labels", .texts), Field("annotations", .texts),
                Field("active_since", .time), Field("evidence", .reference("Evidence")),
            ]),
        Schema(
            "Evidence",
            [
                Field("indicator", .text),
                Field("unit", .nullable(.text), "What the values measure: share, per_second, seconds or number."),
                Field("window_ms", .integer), Field("condition", .text),
                Field("verdict", .words(["healthy", "breached", "inconclusive"])),
                Field("reason", .nullable(.text)),
                Field("baseline", .reference("Side")), Field("canary", .reference("Side")),
                Field("notes", .list(.text)),
                Field("regression", .nullable(.reference("Regression")), "Null for a threshold."),
            ]),
        Schema("TimelineStep", [Field("at", .time), Field("step", .text), Field("detail", .text)]),
        Schema(
            "Entry",
            [
                Field("sequence", .integer), Field("at", .time), Field("release", .text),
                Field("incident", .text, required: false),
                Field("event", .text, "Tells which of the fields that are not required are there."),
                Field("text", .text, "The same in a sentence."),
                Field("baseline_version", .text, required: false), Field("canary_version", .text, required: false),
                Field("rule", .text, required: false), Field("by", .text, required: false),
                Field("reason", .text, required: false),
                Field("alert", .reference("Alert"), required: false),
                Field("evidence", .reference("Evidence"), required: false),
                Field("intent", .reference("Intent"), required: false),
                Field("receipts", .list(.reference("Receipt")), required: false),
                Field("observations", .list(.reference("Observation")), required: false),
                Field("canary_rate_per_second", .number, required: false),
                Field("canary_basis_points", .integer, "What the canary keeps in this step.", required: false),
            ]),
        Schema(
            "Intent",
            [
                Field("from_version", .text), Field("to_version", .text),
                Field("canary_basis_points_before", .nullable(.integer)),
                Field("canary_basis_points_wanted", .integer), Field("dry_run", .flag),
            ]),
        Schema(
            "Receipt",
            [
                Field("instance", .text),
                Field("outcome", .words(["accepted", "conflict", "rejected", "unreachable", "unknown"])),
                Field("detail", .text),
            ]),
    ]
}
