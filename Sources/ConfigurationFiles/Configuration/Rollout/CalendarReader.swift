import Declarations
import Model

/// `windows`, `blackouts` and `lead`: when shares may be raised.
enum CalendarReader {
    private static let windowLimit = 20
    private static let blackoutLimit = 200

    static var settings: [Setting<CalendarPlan>] {
        [
            list(
                "windows", \.windows, WindowReader.section.form(hasOwnTable: true), limit: windowLimit,
                shownDefault: "always",
                "hours of the week in which a share may be raised, any of them; [see below](#windows-and-blackouts)"),
            list(
                "blackouts", \.blackouts, BlackoutReader.section.form(hasOwnTable: true), limit: blackoutLimit,
                shownDefault: "none",
                "times in which no share is raised, whatever a window says; "
                    + "[see below](#windows-and-blackouts)"),
            Setting.value(
                "lead", \.leadMs, .duration(0...86_340_000),
                "the last step so long before a window closes"
            ).written { !$0.windows.isEmpty }.reading { fields, plan in
                guard let field = fields["lead"] else { return !fields.has("lead") }
                guard let leadMs = field.durationMs(0...86_340_000) else { return false }
                plan.leadMs = leadMs
                checkLead(plan, fields, field)
                return true
            },
        ]
    }

    private static func list<Entry>(
        _ name: String, _ path: WritableKeyPath<CalendarPlan, [Entry]>, _ form: ValueForm<Entry>, limit: Int,
        shownDefault: String, _ sentence: String
    ) -> Setting<CalendarPlan> {
        Setting(
            names: [name], summary: "list of mappings", shownDefault: .text(shownDefault), sentence: sentence,
            properties: [(name, .array(of: form.schema()))],
            read: { fields, plan in
                guard let field = fields[name] else { return !fields.has(name) }
                guard let entries = field.entries(of: name) else { return false }
                guard entries.count <= limit else {
                    field.fail("'\(name)' has more than \(limit) entries")
                    return false
                }
                let read = entries.compactMap(form.read)
                plan[keyPath: path] = read
                return read.count == entries.count
            },
            write: { plan in
                let entries = plan[keyPath: path]
                return entries.isEmpty ? [] : [(name, .list(entries.map(form.write)))]
            })
    }

    /// Where no window is longer than the lead, nothing would ever be raised.
    private static func checkLead(_ plan: CalendarPlan, _ fields: Fields, _ field: Field) {
        guard plan.leadMs > 0 else { return }
        guard fields.has("windows") else {
            return field.fail("'lead' is a time before a window closes, and there are no 'windows'")
        }
        // A window of whole days may be followed by the next one without a gap.
        let shortest = plan.windows.filter { $0.toMinute - $0.fromMinute < 1_440 }
            .map { Int64($0.toMinute - $0.fromMinute) * 60_000 }.min()
        guard let shortest, plan.leadMs >= shortest else { return }
        field.fail(
            "'lead' (\(Amounts.text(durationMs: plan.leadMs))) must be shorter than each window, and one is "
                + "\(Amounts.text(durationMs: shortest)) long: no share could be raised in it")
    }
}
