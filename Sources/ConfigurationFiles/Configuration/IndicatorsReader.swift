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
        /// What the other fields replace parts of.
        var preset: ServicePreset?
    }

    /// The built-in indicators that the fields and the preset name, usable or not, and the names of the other fields; nil
    /// without `indicators`.
    static func names(_ field: Field?) -> Set<String>? {
        guard let value = field?.value, var names = value.memberNames else { return nil }
        guard case .text(let name, _)? = value.member("preset")?.value.content,
            let preset = ServicePresets.named(name)
        else { return names }
        names.formUnion(["requests"] + (preset.errors.isEmpty ? [] : ["errors"]))
        if preset.latency != nil { names.insert("latency") }
        return names
    }

    static var section: Section<Draft> {
        Section(
            owner: "'indicators'", blank: Draft(),
            settings: [
                preset,
                sum(
                    "requests", \.list.requestCounters,
                    "a counter, one per request, or a list of counters, which are added up; the proof of a rollback needs it"
                ),
                sum(
                    "errors", \.list.errorCounters,
                    "a counter, one per failed request, or a list of counters, which are added up; needs `requests`. A counter "
                        + "that is not there yet has counted nothing, as soon as its pool shows requests"),
                .optional(
                    "latency", \.list.latency, SelectorForm.selector,
                    "a classic histogram or a summary, without `_bucket`, `_sum` or `_count`"
                ).reading { fields, draft in
                    guard let field = fields["latency"] else { return true }
                    (draft.list.latency, draft.list.latencyUnit) = (SelectorForm.selector.read(field), nil)
                    return true
                },
                exclude,
                presence,
                unit,
                bounds,
                own,
            ],
            finish: { draft, fields in
                if draft.preset != nil, fields.has("requests") != fields.has("errors") {
                    fields.fail("'requests' and 'errors' of a preset are replaced together; write both, or none")
                }
                let known = Set(["requests", "errors", "latency"].filter { fields.has($0) })
                let names = known.union(draft.preset == nil ? [] : draft.list.names)
                if names.contains("errors"), !names.contains("requests") {
                    fields.fail("'errors' needs 'requests': an error rate is errors by requests")
                }
                if fields.has("presence"), !names.contains("requests") {
                    fields.fail("'presence' needs 'requests': it says what it means when they are absent")
                }
                if names.isEmpty, !fields.has("preset") {
                    fields.fail("'indicators' needs 'preset', or at least one of 'requests', 'errors' and 'latency'")
                }
                return true
            })
    }

    private static var preset: Setting<Draft> {
        let names = ServicePresets.all.map(\.name)
        return Setting(
            names: ["preset"], summary: "name of a [preset](../presets.md)", shownDefault: .text("none"),
            sentence: "the series of a well-known exporter; the other fields replace parts of it",
            properties: [("preset", .choice(names))],
            read: { fields, draft in
                guard let field = fields["preset"], let name = field.choice(names) else { return true }
                guard let preset = ServicePresets.named(name) else { return true }
                if let refusal = preset.refusal { field.fail("the preset \(name) cannot be used: \(refusal)") }
                (draft.preset, draft.list) = (preset, preset.watchList)
                return true
            },
            write: { _ in [] })
    }

    /// A selector, or a list of them.
    private static func sum(
        _ name: String, _ path: WritableKeyPath<Draft, [SeriesSelector]>, _ sentence: String
    ) -> Setting<Draft> {
        let form = SelectorForm.sum
        return Setting(
            names: [name], summary: form.summary, shownDefault: .text("none"), sentence: sentence,
            properties: [(name, form.schema())],
            read: { fields, draft in
                if let field = fields[name] { draft[keyPath: path] = form.read(field) ?? [] }
                return true
            },
            write: { $0[keyPath: path].isEmpty ? [] : [(name, form.write($0[keyPath: path]))] })
    }

    private static var exclude: Setting<Draft> {
        Setting.matchers(
            "exclude", \.list.excluded,
            "series that are counted neither as requests nor as errors nor as latency: those that satisfy all of these "
                + "matchers, such as `'{path=~\"/healthz|/metrics\"}'`"
        ).shown(default: "none").reading { fields, draft in
            guard let field = fields["exclude"] else { return true }
            guard let matchers = PoolMatchReader.matchers(field) else { return true }
            if (try? matchers.takeUnlabelled()) == true {
                field.fail("'exclude' takes series without any of its labels too, so that nothing would be counted")
            }
            draft.list.excluded = matchers
            return true
        }
    }

    private static var presence: Setting<Draft> {
        Setting.optional(
            "presence", \.list.presence, SelectorForm.selector,
            "a series that is there whenever requests would be shown. A target that has it and no series of `requests` has "
                + "served none, which counts for the [proof of a rollback](#rollback-and-proof)"
        ).reading { fields, draft in
            if let field = fields["presence"] { draft.list.presence = SelectorForm.selector.read(field) }
            return true
        }
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
            guard fields.has("latency") || fields.has("latency_unit") else { return true }
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

extension WatchList {
    /// Of the built-in indicators that it has series for.
    fileprivate var names: Set<String> {
        let parts = [("requests", requests), ("errors", errors), ("latency", latency)]
        return Set(parts.filter { $0.1 != nil }.map(\.0))
    }
}
