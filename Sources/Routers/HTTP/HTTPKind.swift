import Declarations
import Model
import Ports

/// A router described by templates.
enum HTTPKind: DrivenRouterKind {
    typealias Plan = HTTPRouterPlan
    typealias Settings = HTTPRouterPlan
    private static let stepLimit = 20

    static func section(_ context: RouterContext) -> Section<HTTPRouterPlan> {
        Section(
            owner: "an http router", blank: HTTPRouterPlan(instances: [], set: []),
            settings: [
                .required(
                    "instances", \.instances, .instances,
                    "one address per instance; paths in `url` are appended to it"),
                .optional(
                    "unix_socket", \.unixSocket, .wholePath(context.folder, limit: 100), "connect through it instead"),
                .value("total", \.total, .integer(1...1_000_000), "the sum of the weights"),
                .pairs(
                    "variables", \.variables, summary: "mapping of names to texts", "`${var.NAME}` in templates",
                    read: { variables($0["variables"]) }),
                .required(
                    "set", \.set, steps { context.templates(setsSplit: true) },
                    "the calls that set the split, up to \(stepLimit), in order"),
                .optional(
                    "read_back", \.readBack, readBack { context.templates(setsSplit: false) },
                    "the calls that read it; leave it out only if the router cannot report its split"),
            ] + Setting.security(\.security, context.folder))
    }

    private static func variables(_ field: Field?) -> [TextPair] {
        guard let pairs = field?.pairs() else { return [] }
        return pairs.compactMap { name, namePlace, value in
            guard NameRules.isVariable(name) else {
                value.log.error(
                    namePlace, "\(Quote.value(name)) is not a valid name of a variable; use letters, digits and '_'")
                return nil
            }
            if let refusal = SecretFields.refusal(of: name, known: []) {
                value.log.error(namePlace, refusal + " under 'auth' of the router")
                return nil
            }
            return value.text().map { TextPair(name, $0) }
        }
    }

    private static func steps(
        _ templates: @escaping () -> RouterTemplates
    ) -> ValueForm<[HTTPRouterPlan.Step]> {
        ValueForm(
            summary: "list of steps",
            schema: .array(of: .shared("step", HTTPStepReader(templates: templates).section.schema), least: 1),
            read: { field in
                guard let entries = field.entries(of: "steps") else { return nil }
                if entries.isEmpty { field.fail("\(field.label) is empty; it needs at least one step") }
                if entries.count > stepLimit { field.fail("\(field.label) has more than \(stepLimit) steps") }
                let reader = HTTPStepReader(templates: templates)
                let steps = entries.compactMap { reader.section.read($0) }
                return steps.count == entries.count && !steps.isEmpty ? steps : nil
            },
            write: { .list($0.map(HTTPStepReader(templates: templates).section.tree)) })
    }

    private static func readBack(
        _ templates: @escaping () -> RouterTemplates
    ) -> ValueForm<HTTPRouterPlan.ReadBack> {
        let weight = WeightPointers.section(of: "'read_back'")
        return Section(
            owner: "'read_back'", blank: HTTPRouterPlan.ReadBack(steps: [], canary: .init(pointer: "")),
            settings: [
                .required("steps", \.steps, steps(templates), "the last answer holds the weights"),
                .required("canary", \.canary, weight, "where it holds the canary's weight"),
                .optional(
                    "baseline", \.baseline, weight,
                    "where it holds the baseline's weight; left out when the canary's number is a percentage"),
            ],
            hasSides: true
        ).form()
    }

    static var tables: [(name: String, rows: [SettingRow])] {
        [("step", HTTPStepReader(templates: { RouterContext.describing.templates(setsSplit: true) }).section.rows)]
    }

    static func driver(_ plan: HTTPRouterPlan, _ setup: DriverSetup) throws(RouterPlanError) -> any RouterDriver {
        try HTTPRouterDriver(
            plan: plan, release: setup.release, versions: setup.versions, transport: setup.transport,
            secrets: setup.secrets, aim: setup.aim)
    }
}

/// `{pointer, filters, then}`: where an answer or a value holds a weight.
enum WeightPointers {
    /// - Parameter whole: What it is part of, for messages: `'read_back'`.
    static func section(of whole: String) -> ValueForm<HTTPRouterPlan.WeightPointer> {
        let filters = ValueForm<[String]>(
            summary: "list of filters", schema: .array(of: .choice(RouterTemplates.filters)), read: { $0.filters() },
            write: { .list($0.map { .text($0) }) })
        let section = Section(
            owner: "a weight", blank: HTTPRouterPlan.WeightPointer(pointer: ""),
            settings: [
                .required("pointer", \.pointer, .pointer, "where it is; empty for the whole answer"),
                .value("filters", \.filters, filters, shownDefault: "none", "applied to the value in order"),
                .optional("then", \.then, .pointer, "a second pointer, into what the filters made"),
            ])
        return ValueForm(
            summary: "`{pointer, filters, then}`", schema: .shared("weight", section.schema),
            read: { section.read($0, owner: "\($0.label) of \(whole)") }, write: section.tree)
    }
}
