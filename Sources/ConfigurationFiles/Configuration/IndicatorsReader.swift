import Declarations
import Model
import Telemetry

/// `indicators`: the series of a release.
struct IndicatorsReader {
    struct Draft {
        var list = WatchList()
        var latencyBounds: [Double] = []
        /// Made from the signals of the list.
        var own: [OwnIndicator] = []
    }

    static var section: Section<Draft> {
        Section(
            owner: "'indicators'", blank: Draft(),
            settings: [
                .optional(
                    "requests", \.list.requests, SelectorForm.selector,
                    "a counter, one per request; the proof of a rollback needs it"),
                .optional(
                    "errors", \.list.errors, SelectorForm.selector,
                    "a counter, one per failed request; needs `requests`"),
                .optional(
                    "latency", \.list.latency, SelectorForm.selector,
                    "a classic histogram or a summary, without `_bucket`, `_sum` or `_count`"),
                unit,
                bounds,
                own,
            ],
            finish: { _, fields in
                if fields.has("errors"), !fields.has("requests") {
                    fields.fail("'errors' needs 'requests': an error rate is errors by requests")
                }
                let none = !fields.has("requests") && !fields.has("errors") && !fields.has("latency")
                if none { fields.fail("'indicators' needs at least one of 'requests', 'errors' and 'latency'") }
                return true
            })
    }

    private static var own: Setting<Draft> {
        Setting(
            names: ["own"], summary: "mapping of names to [definitions](#indicators-of-your-own)",
            shownDefault: .text("none"),
            sentence: "indicators of your own, which rules name as they name the built-in ones; at most 50",
            properties: [("own", .mapping(of: OwnIndicatorDraft.section.schema))],
            read: { fields, draft in
                if let field = fields["own"] { OwnIndicatorReader.read(field, into: &draft) }
                return true
            },
            write: { draft in
                let own = draft.own.map { indicator in
                    (indicator.name, OwnIndicatorDraft.section.tree(OwnIndicatorDraft(indicator, draft.list.signals)))
                }
                return own.isEmpty ? [] : [("own", .mapping(own))]
            })
    }

    /// Follows from the name of `latency` where it is not given.
    private static var unit: Setting<Draft> {
        Setting.optional(
            "latency_unit", \.list.latencyUnit, .choice(LatencyUnit.self),
            shownDefault: "from the metric's name",
            "the unit of the latency in the scrape body. Without it the unit in the metric's name (`_milliseconds`, "
                + "`_ms`, `_us`, …) is used, with a warning, and seconds where the name has none. Everything else "
                + "(rules, the API, webhooks) is in seconds"
        ).reading { fields, draft in
            draft.list.latencyUnit = LatencyUnitReader.unit(fields, latency: draft.list.latency)
            return true
        }
    }

    private static var bounds: Setting<Draft> {
        let bound = SchemaNode.anyOf([.atLeast(0), .string(pattern: "^([0-9.]+|[0-9wdhms]+|\\+Inf)$")])
        return Setting(
            names: ["latency_bounds"], summary: "list of numbers or durations", shownDefault: .text("none"),
            sentence: "the histogram's bounds as the scrape body has them in `le`, in its unit (`[0.1, 0.25, 0.5]`, or "
                + "`250ms`). With them `check` refuses a [`regression`](rules.md#proof-instead-of-a-threshold) of a "
                + "percentile that no bucket is fine enough for",
            properties: [("latency_bounds", .array(of: bound))],
            read: { fields, draft in
                draft.latencyBounds = LatencyBounds.read(
                    fields, unit: draft.list.latencyUnit, metric: draft.list.latency?.metric ?? "")
                return true
            },
            write: { draft in
                let bounds = LatencyBounds.written(draft.latencyBounds, unit: draft.list.latencyUnit)
                return bounds.isEmpty ? [] : [("latency_bounds", .list(bounds))]
            })
    }
}
