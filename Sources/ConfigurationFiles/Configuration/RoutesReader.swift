import Declarations
import Model

/// `routes` and `default_receivers`: which receivers get which notifications.
enum RoutesReader {
    private static let limit = 200

    static var form: ValueForm<[RoutePlan]> {
        let section = section
        return ValueForm(
            summary: "list of mappings", schema: .array(of: section.schema),
            read: { field in
                guard let entries = field.entries(of: "routes") else { return nil }
                guard entries.count <= limit else {
                    field.fail("'routes' has \(entries.count) entries; \(limit) at most")
                    return nil
                }
                return entries.compactMap { section.read($0) }
            },
            write: { .list($0.map(section.tree)) })
    }

    static var section: Section<RoutePlan> {
        Section(
            owner: "a route", blank: RoutePlan(receivers: []),
            settings: [
                .section(
                    "match", \.match, MatchReader.section, shownDefault: "everything",
                    "the notifications of the route; every condition has to hold"),
                .required("to", \.receivers, .lines(of: "receivers"), "names of receivers"),
                list(
                    "escalate", \.escalation, step,
                    "who is notified next while no operator has acknowledged (`rollguard acknowledge`)"),
                list(
                    "mute", \.muted, WindowReader.section,
                    "hours without messages, written like the [windows](#windows-and-blackouts) of a rollout; what is "
                        + "critical is sent all the same"),
            ])
    }

    private static var step: Section<EscalationStep> {
        Section(
            owner: "a step of 'escalate'", blank: EscalationStep(afterMs: 300_000, receivers: []),
            settings: [
                .value("after", \.afterMs, .duration(1_000...86_400_000), "time since the first notification"),
                .required("to", \.receivers, .lines(of: "receivers"), "names of receivers"),
            ])
    }

    /// A list of mappings that may be left out.
    private static func list<Entry>(
        _ name: String, _ path: WritableKeyPath<RoutePlan, [Entry]>, _ section: Section<Entry>, _ sentence: String
    ) -> Setting<RoutePlan> {
        Setting<RoutePlan>(
            names: [name], summary: "list of mappings", shownDefault: .text("none"), sentence: sentence,
            properties: [(name, .array(of: section.schema))],
            read: { fields, route in
                guard let field = fields[name] else { return !fields.has(name) }
                guard let entries = field.entries(of: name) else { return false }
                guard entries.count <= 20 else {
                    field.fail("'\(name)' has \(entries.count) entries; 20 at most")
                    return false
                }
                route[keyPath: path] = entries.compactMap { section.read($0) }
                return route[keyPath: path].count == entries.count
            },
            write: { route in
                route[keyPath: path].isEmpty ? [] : [(name, .list(route[keyPath: path].map(section.tree)))]
            }
        ).showing { section.rows }
    }

    /// Names that no receiver has are an error at the list that has them.
    static func check(_ plan: Plan, _ fields: Fields) -> Bool {
        let known = plan.receivers.map(\.name)
        var isUsable = true
        func check(_ names: [String], _ place: Place) {
            for name in names where !known.contains(name) {
                isUsable = false
                fields.fail(
                    at: place, "there is no receiver \(Quote.name(name))" + Quote.suggestion(for: name, among: known))
            }
        }
        check(plan.defaultReceivers, fields.namePlace("default_receivers"))
        let entries = plan.routes.isEmpty ? [] : fields.present("routes")?.entries(of: "routes") ?? []
        for (index, route) in plan.routes.enumerated() {
            let place = index < entries.count ? entries[index].place : fields.namePlace("routes")
            check(route.receivers + route.escalation.flatMap(\.receivers), place)
        }
        return isUsable
    }
}

/// `match` of a route.
enum MatchReader {
    static var section: Section<NotificationMatch> {
        Section(
            owner: "'match'", blank: NotificationMatch(),
            settings: [
                names("release", \.releases, "releases, with `*` for any characters"),
                choices(
                    "event", \.events, Notification.Event.allCases.map(\.rawValue),
                    "[events](webhooks.md#events)", get: { $0 }, make: { $0 }),
                choices(
                    "severity", \.severities, Severity.allCases.map(\.rawValue),
                    "[urgency](receivers.md#what-a-message-says): `info`, `warning`, `critical`",
                    get: \.rawValue, make: { Severity(rawValue: $0) ?? .info }),
                names("rule", \.rules, "rules, with `*` for any characters"),
                labels,
            ])
    }

    private static func names(
        _ name: String, _ path: WritableKeyPath<NotificationMatch, [String]>, _ sentence: String
    ) -> Setting<NotificationMatch> {
        choices(name, path, nil, sentence, get: { $0 }, make: { $0 })
    }

    /// A name or a list of them.
    private static func choices<Value>(
        _ name: String, _ path: WritableKeyPath<NotificationMatch, [Value]>, _ known: [String]?, _ sentence: String,
        get: @escaping (Value) -> String, make: @escaping (String) -> Value
    ) -> Setting<NotificationMatch> {
        let one = known.map { SchemaNode.choice($0) } ?? .scalar
        return Setting(
            names: [name], summary: "a name or a list of names", shownDefault: .text("any"), sentence: sentence,
            properties: [(name, .anyOf([one, .array(of: one, least: 1)]))],
            read: { fields, match in
                guard let field = fields[name] else { return !fields.has(name) }
                guard let texts = texts(field, known) else { return false }
                match[keyPath: path] = texts.map(make)
                return true
            },
            write: { match in
                let values = match[keyPath: path].map(get)
                return values.isEmpty ? [] : [(name, .list(values.map { .text($0) }))]
            })
    }

    private static func texts(_ field: Field, _ known: [String]?) -> [String]? {
        var fields = [field]
        if case .list = field.value.content {
            guard let entries = field.entries(of: "names"), !entries.isEmpty, entries.count <= 100 else {
                field.fail("\(field.label) takes a name, or a list of 1 to 100 names")
                return nil
            }
            fields = entries
        }
        let texts = fields.compactMap { one in known.map { one.choice($0) } ?? one.line(limit: 200) }
        return texts.count == fields.count ? texts : nil
    }

    private static var labels: Setting<NotificationMatch> {
        .pairs(
            "labels", \.pairs, summary: "mapping of names to texts",
            "labels of the rule; values with `*` for any characters"
        ) { fields in
            (fields["labels"]?.pairs() ?? []).compactMap { name, _, field in
                field.line(limit: 200).map { TextPair(name, $0) }
            }
        }
    }
}

extension NotificationMatch {
    /// The labels as a configuration has them.
    fileprivate var pairs: [TextPair] {
        get { labels.map { TextPair($0.name, $0.value) } }
        set { labels = newValue.map { Label(name: $0.name, value: $0.value) } }
    }
}
