import Model

extension Schema {
    /// Status, releases and rules.
    static let statusSchemas: [Schema] = [
        Schema(
            "Status",
            [
                Field("at", .time, "When the picture was taken."),
                Field("version", .text, "Rollguard's version."),
                Field("dry_run", .flag, "True when routers are never called."),
                Field("journal_problem", .nullable(.text), "Why the journal cannot be written; null while it can."),
                Field("releases", .list(.reference("Release"))),
                Field("incidents", .list(.reference("IncidentSummary")), "Newest first, at most 100, all open ones."),
                Field("outbox", .nullable(.reference("Outbox")), "Null when it could not be read."),
                Field("dead_letters", .list(.reference("DeadLetter"))),
            ]),
        Schema("Releases", [Field("at", .time), Field("releases", .list(.reference("Release")))]),
        Schema(
            "Release",
            [
                Field("name", .text),
                Field("phase", .words(ReleaseSnapshot.Phase.allCases.map(\.rawValue))),
                Field("since", .time, "Since when it is in this phase."),
                Field("explanation", .text, "Why the last decision was what it was."),
                Field("warnings", .list(.text), "Things a person should mend."),
                Field("cycles", .integer, "Scrape cycles done."),
                Field("canary_basis_points", .nullable(.integer), "Observed, 0...10000; null when it was not read."),
                Field("baseline", .reference("Pool")), Field("canary", .reference("Pool")),
                Field("router", .list(.reference("Observation"))),
                Field("rules", .list(.reference("Rule"))),
                Field("open_incident", .nullable(.text)),
            ]),
        Schema(
            "Pool",
            [
                Field("version", .text),
                Field("targets", .list(.reference("Target"))),
                Field("request_rate_per_second", .nullable(.number), "Over the shortest rule window."),
                Field("error_rate", .nullable(.number), "0...1, over the shortest rule window."),
                Field("latency_p99_seconds", .nullable(.number), "Over the shortest rule window."),
                Field(
                    "indicators", .list(.reference("Indicator")), "The release's own, over the shortest rule window."),
            ]),
        Schema(
            "Indicator",
            [
                Field("name", .text),
                Field("value", .nullable(.number), "In the base unit that `unit` names; null without data."),
                Field("unit", .words(["share", "per_second", "seconds", "number"])),
            ]),
        Schema(
            "Target",
            [
                Field("instance", .text),
                Field("up", .nullable(.flag), "Null before the first scrape."),
                Field("error", .nullable(.text), "The last scrape's error."),
                Field("last_scrape_at", .nullable(.time)),
                Field("samples", .integer, "Of the last page."),
            ]),
        Schema(
            "Observation",
            [
                Field("instance", .text),
                Field("canary_basis_points", .nullable(.integer), "0...10000; null when it could not be read."),
                Field("level", .words(["none", "config", "loaded", "acked"]), "How far the answer can be trusted."),
                Field("revision", .nullable(.text)),
                Field("problem", .nullable(.text)),
                Field("baseline_healthy", .nullable(.flag), "Null when the router does not tell."),
            ]),
        Schema(
            "Rule",
            [
                Field("group", .text), Field("name", .text),
                Field("action", .words(RulePlan.Action.allCases.map(\.rawValue))),
                Field("when", .text, "The condition as it was written."),
                Field("window_ms", .integer), Field("for_ms", .integer), Field("keep_firing_for_ms", .integer),
                Field("labels", .texts), Field("annotations", .texts),
                Field("alert", .words(["inactive", "pending", "firing"])),
                Field("active_since", .nullable(.time)),
                Field("last_evaluation_at", .nullable(.time)),
                Field("indicator", .nullable(.text), "Null before the first evaluation."),
                Field("unit", .nullable(.text), "What the values measure: share, per_second, seconds or number."),
                Field("verdict", .nullable(.text), "healthy, breached or inconclusive."),
                Field("reason", .nullable(.text), "Why the verdict is inconclusive."),
                Field("baseline", .nullable(.reference("Side"))), Field("canary", .nullable(.reference("Side"))),
                Field("notes", .list(.text)),
                Field("regression", .nullable(.reference("Regression")), "Null for a threshold."),
                Field("self_check", .nullable(.reference("SelfCheck")), "Null without one."),
            ]),
        Schema(
            "Side",
            [
                Field("version", .text),
                Field("value", .nullable(.number), "In the base unit that `unit` of the rule names."),
                Field("requests", .nullable(.number), "In the window."),
                Field("errors", .nullable(.number), "In the window."),
                Field("healthy_targets", .integer), Field("targets", .integer),
            ]),
        Schema(
            "Outbox",
            [
                Field("waiting", .integer), Field("delivered", .integer), Field("dead", .integer),
                Field("receivers", .list(.reference("ReceiverQueue")), "Those with waiting or dead notifications."),
            ]),
        Schema(
            "Deliveries",
            [
                Field("waiting", .integer), Field("delivered", .integer), Field("dead", .integer),
                Field("receivers", .list(.reference("ReceiverQueue")), "Those with waiting or dead notifications."),
                Field("dead_letters", .list(.reference("DeadLetter")), "Newest first, at most 100."),
            ]),
        Schema(
            "ReceiverQueue",
            [
                Field("name", .text), Field("waiting", .integer), Field("dead", .integer),
                Field("next", .nullable(.reference("NextDelivery")), "Null when nothing waits."),
            ]),
        Schema(
            "NextDelivery",
            [
                Field("id", .text), Field("event", .text), Field("at", .time, "When it happened."),
                Field("attempts", .integer, "Tries that failed."),
                Field("reason", .text, "Why the last try failed; empty before the first one."),
            ]),
        Schema(
            "DeadLetter",
            [
                Field("id", .text), Field("receiver", .text), Field("event", .text), Field("attempts", .integer),
                Field("reason", .text), Field("at", .time),
            ]),
    ]
}
