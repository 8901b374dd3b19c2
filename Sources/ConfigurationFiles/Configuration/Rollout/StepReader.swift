import Declarations
import Model

/// What has to hold in a step before the next one: `every` and each entry of `at` under `steps`.
struct StepReader {
    let folder: ConfigurationFolder

    /// The share is not one of the fields: it comes from the list of the steps.
    var section: Section<StepPlan> {
        Section(
            owner: "a step", blank: StepPlan(basisPoints: 0),
            settings: [
                .value(
                    "settle", \.settleMs, .duration(Amounts.orZero),
                    "after the share is in force: what is counted in this time opens no gate. Rules that roll back "
                        + "see it"),
                .value("min", \.minMs, .duration(Amounts.orZero), "the step lasts so long at least"),
                max,
                .removable(
                    "requests", \.requests, .requests,
                    "requests of the canary in this step, after `settle`"),
                rules,
                .removable("evidence", \.evidence, EvidenceReader.section.form(), EvidenceReader.sentence),
                .removable(
                    "webhook", \.webhook, WebhookGateReader(folder: folder).section.form(),
                    "another program has to agree: a signed POST, whose answer is `proceed`, `hold`, `rollback` or "
                        + "`later`"),
                .removable(
                    "forced", \.forced, .bool,
                    "in this step the router's route for test users leads to the canary, at any share; the router "
                        + "needs [`forced`](routers.md)"),
                .removable(
                    "approval", \.approval, ApprovalReader.section.form(),
                    "people have to agree, by `rollguard approve` or the API"),
            ],
            finish: { step, fields in
                checkTimes(step, fields)
                return true
            })
    }

    /// A duration, or a mapping that also says what follows.
    private var max: Setting<StepPlan> {
        let section = Section<StepPlan>(
            owner: "'max'", blank: StepPlan(basisPoints: 0),
            settings: [
                Setting.optional(
                    "time", \.maxMs, .duration(),
                    "how long the step may last; time in which a pause, a freeze or a window holds it back does "
                        + "not count"
                ).demanded,
                .value(
                    "then", \.overdue, .choice(StepPlan.Overdue.self),
                    "`hold` keeps the share and notifies people, `rollback` takes the canary out"),
            ])
        return Setting(
            names: ["max"], summary: "duration or mapping", shownDefault: .text("none"),
            sentence: "the longest that the step may last",
            properties: [("max", .mapping(section.schema, or: .scalar))],
            read: { fields, step in
                guard let field = fields["max"] else { return !fields.has("max") }
                if field.isNone {
                    (step.maxMs, step.overdue) = (nil, .hold)
                    return true
                }
                guard case .text = field.value.content else {
                    (step.maxMs, step.overdue) = (nil, .hold)
                    return section.read(field, into: &step)
                }
                (step.maxMs, step.overdue) = (field.durationMs(), .hold)
                return step.maxMs != nil
            },
            write: { $0.maxMs == nil ? [] : [("max", section.tree($0))] }
        ).showing { section.rows }
    }

    private var rules: Setting<StepPlan> {
        Setting(
            names: ["rules"], summary: "list of names of rules", shownDefault: .text("none"),
            sentence: "rules of the release that have to be healthy, over a whole window inside the step; an "
                + "inconclusive rule is not healthy",
            properties: [("rules", .array(of: .scalar))],
            read: { fields, step in
                guard let field = fields["rules"] else { return !fields.has("rules") }
                guard let entries = field.entries(of: "names of rules") else { return false }
                let names = entries.compactMap { $0.line(limit: 200) }
                step.rules = names
                return names.count == entries.count
            },
            write: { $0.rules.isEmpty ? [] : [("rules", .list($0.rules.map { .text($0) }))] })
    }

    private func checkTimes(_ step: StepPlan, _ fields: Fields) {
        guard let maxMs = step.maxMs, maxMs <= Swift.max(step.minMs, step.settleMs) else { return }
        let name = step.minMs >= step.settleMs ? "min" : "settle"
        let field = fields["max"] ?? fields[name]
        field?.fail(
            "'max' (\(Amounts.text(durationMs: maxMs))) must be longer than '\(name)' "
                + "(\(Amounts.text(durationMs: Swift.max(step.minMs, step.settleMs)))), or the step is overdue before "
                + "it can be passed")
    }
}

extension Field {
    /// `none`: takes away what `every` asks for.
    var isNone: Bool { if case .text("none", .plain) = value.content { true } else { false } }
}

extension Setting {
    /// A field without a default that `none` takes away again, for a step that asks for less than `every`.
    static func removable<Value>(
        _ name: String, _ path: WritableKeyPath<Root, Value?>, _ form: ValueForm<Value>, _ sentence: String
    ) -> Setting {
        let schema = form.schema
        return Setting(
            names: [name], summary: form.summary, shownDefault: .text("none"), sentence: sentence,
            properties: [(name, .anyOf([schema(), .choice(["none"])]))],
            read: { fields, root in
                guard let field = fields[name] else { return !fields.has(name) }
                root[keyPath: path] = field.isNone ? nil : form.read(field)
                return field.isNone || root[keyPath: path] != nil
            },
            write: { $0[keyPath: path].map { [(name, form.write($0))] } ?? [] }
        ).showing(form.rows)
    }

    /// The field of an optional value that has to be there all the same.
    fileprivate var demanded: Setting {
        var setting = reading { fields, root in fields.required(names[0]) != nil && read(fields, &root) }
        setting.shownDefault = .required
        return setting
    }
}

extension ValueForm where Value == Double {
    /// A number of requests.
    fileprivate static var requests: ValueForm {
        ValueForm<Int>.integer(1...1_000_000_000).mapped({ count, _ in Double(count) }, back: { Int($0) })
    }
}
