import Declarations
import Discovery

/// The steps of `relabel`: one declaration for reading, writing, the reference table and the schema.
enum RelabelReader {
    private static let limit = 100

    /// A list of steps; each that cannot be used is reported at its field.
    static var form: ValueForm<Relabelling> {
        let section = section
        var form = ValueForm<Relabelling>(
            summary: "list of relabelling steps", schema: .array(of: section.schema, least: 0), read: read,
            write: { .list($0.steps.map { section.tree(RelabelDraft(rule: $0.rule)) }) })
        form.rows = { section.rows }
        return form
    }

    private static func read(_ field: Field) -> Relabelling? {
        guard let entries = field.entries(of: "relabelling steps") else { return nil }
        guard entries.count <= limit else {
            field.fail("\(field.label) has \(entries.count) steps; at most \(limit) are allowed")
            return nil
        }
        let steps = entries.compactMap { section.read($0)?.step }
        return steps.count == entries.count ? Relabelling(steps) : nil
    }

    /// The fields of one step.
    static var section: Section<RelabelDraft> {
        Section(
            owner: "a relabelling step", blank: RelabelDraft(),
            settings: [
                .value("action", \.rule.action, action, "what the step does; upper and lower case are the same"),
                .value(
                    "source_labels", \.rule.sourceLabels, names, shownDefault: "none",
                    "the labels whose values are joined; one that is absent is an empty text"
                ).written { !$0.rule.sourceLabels.isEmpty },
                .value("separator", \.rule.separator, .text, "what is put between the values"),
                .value(
                    "regex", \.rule.regex, .text,
                    "what the whole joined text must match, or, for `labelmap`, `labeldrop` and `labelkeep`, the whole "
                        + "name of a label; RE2's syntax"),
                .value("modulus", \.rule.modulus, modulus, shownDefault: "none", "of `hashmod`")
                    .written { $0.rule.modulus > 0 },
                .value(
                    "target_label", \.rule.targetLabel, .text, shownDefault: "none",
                    "the label that is set; for `replace` it may refer to groups"
                ).written { !$0.rule.targetLabel.isEmpty },
                .value(
                    "replacement", \.rule.replacement, .text,
                    "the new value, or, for `labelmap`, the new name; `$1`, `${1}` and `${name}` are groups, `$$` is a "
                        + "dollar sign. `$1_x` is a group with the name `1_x`; write `${1}_x`"),
            ],
            finish: finish)
    }

    /// Prometheus' names of actions ignore case.
    private static var action: ValueForm<RelabelRule.Action> {
        let names = RelabelRule.Action.allCases.map(\.rawValue)
        return ValueForm(
            summary: Quote.markdownChoices(names), schema: .choice(names),
            read: { field in
                if case .text(let text, _) = field.value.content,
                    let action = RelabelRule.Action(rawValue: text.lowercased())
                {
                    return action
                }
                return field.choice(RelabelRule.Action.self)
            },
            write: { .plain($0.rawValue) })
    }

    private static var names: ValueForm<[String]> {
        ValueForm<[String]>.lines(of: "names of labels").described("list of label names")
    }

    private static var modulus: ValueForm<UInt64> {
        ValueForm(
            summary: "whole number, 1 or more", schema: .integer(1...Int.max),
            read: { field in
                guard case .text(let text, .plain) = field.value.content, let number = UInt64(text), number > 0 else {
                    return field.refuse("a whole number, 1 or more")
                }
                return number
            },
            write: { .plain(String($0)) })
    }

    /// Checks the step as a whole; warnings do not keep it from being used.
    private static func finish(_ draft: inout RelabelDraft, _ fields: Fields) -> Bool {
        do throws(RelabelError) {
            let step = try RelabelStep(draft.rule)
            for warning in step.warnings {
                fields.warn(at: place(of: warning.field, fields), "'\(warning.field.rawValue)': \(warning.text)")
            }
            draft.step = step
            return true
        } catch {
            fields.fail(at: place(of: error.field, fields), "'\(error.field.rawValue)': \(error.reason)")
            return false
        }
    }

    /// The value of the field, or the step where it is missing.
    private static func place(of field: RelabelRule.Field, _ fields: Fields) -> Place {
        fields[field.rawValue]?.place ?? fields.place
    }
}

/// A step while it is read.
struct RelabelDraft {
    var rule = RelabelRule()
    /// Nil until it has been checked.
    var step: RelabelStep?
}
