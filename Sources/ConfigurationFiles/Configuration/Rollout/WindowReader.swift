import Declarations
import Model

/// An entry of `windows`.
enum WindowReader {
    static let dayNames = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]

    static var section: Section<WeeklyWindow> {
        Section(
            owner: "a window", blank: WeeklyWindow(days: Array(1...7), offsets: ZoneOffsets.utc),
            settings: [
                .value("days", \.days, days, shownDefault: "`mon-sun`", "days of the week"),
                .value(
                    "from", \.fromMinute, minute("from", 0...1_439), "the first minute of the window"),
                .value(
                    "to", \.toMinute, minute("to", 1...1_440),
                    "the first minute after it, later than `from`; a window over midnight is written as two"),
                zone,
            ],
            finish: { window, fields in
                guard window.fromMinute >= window.toMinute else { return true }
                let place = fields.namePlace(fields.has("to") ? "to" : "from")
                let (from, to) = (text(window.fromMinute), text(window.toMinute))
                fields.fail(
                    at: place,
                    window.fromMinute == window.toMinute
                        ? "a window from \(from) to \(to) is empty; leave 'from' and 'to' out for whole days"
                        : "'to' (\(to)) is before 'from' (\(from)); write a window over midnight as two: from \(from) to "
                            + "24:00, and from 00:00 to \(to) of the days after")
                return false
            })
    }

    /// The offsets follow from the name.
    private static var zone: Setting<WeeklyWindow> {
        Setting.value(
            "zone", \.zone, .line(limit: 60, "name of a time zone"),
            "time zone of `from` and `to`, such as `Europe/Berlin`; summer time is kept"
        ).reading { fields, window in
            guard let field = fields["zone"] else { return !fields.has("zone") }
            guard let (name, offsets) = field.timeZone() else { return false }
            (window.zone, window.offsets) = (name, offsets)
            return true
        }
    }

    private static var days: ValueForm<[Int]> {
        let day = "(\(dayNames.joined(separator: "|")))"
        let text = SchemaNode.string(pattern: "^\(day)(-\(day))?(, *\(day)(-\(day))?)*$")
        return ValueForm(
            summary: "`mon-thu`, `mon,wed` or a list", schema: .anyOf([text, .array(of: text, least: 1)]),
            read: days, write: { .list($0.map { .text(dayNames[$0 - 1]) }) })
    }

    private static func days(_ field: Field) -> [Int]? {
        let texts: [String]?
        if case .list = field.value.content {
            texts = field.lines(of: "days such as mon")
        } else {
            texts = field.line(limit: 200).map { [$0] }
        }
        guard let texts else { return nil }
        var days: Set<Int> = []
        for part in texts.flatMap({ $0.split(separator: ",", omittingEmptySubsequences: false) }) {
            guard let range = range(part.filter { $0 != " " }) else {
                field.fail(
                    "\(field.label) must be days such as mon-thu or [mon, wed], of \(dayNames.joined(separator: ", ")); "
                        + "got \(Quote.value(String(part)))")
                return nil
            }
            days.formUnion(range)
        }
        return days.sorted()
    }

    /// `fri-mon` goes over the end of the week.
    private static func range(_ text: String) -> [Int]? {
        let ends = text.lowercased().split(separator: "-", omittingEmptySubsequences: false).map { name in
            dayNames.firstIndex(of: String(name))
        }
        guard (1...2).contains(ends.count), let first = ends[0], let last = ends[ends.count - 1] else { return nil }
        let count = (last - first + 7) % 7
        return (0...count).map { (first + $0) % 7 + 1 }
    }

    private static func minute(_ name: String, _ range: ClosedRange<Int>) -> ValueForm<Int> {
        ValueForm(
            summary: "time of day, `09:00`", schema: .scalar, read: { minute($0, range) },
            write: { .text(text($0)) })
    }

    private static func minute(_ field: Field, _ range: ClosedRange<Int>) -> Int? {
        guard let text = field.line(limit: 20) else { return nil }
        guard let minute = LocalTime.minute(text), range.contains(minute) else {
            field.fail(
                "\(field.label) must be a time of day from \(self.text(range.lowerBound)) to "
                    + "\(self.text(range.upperBound)), such as 09:30, got \(Quote.value(text))")
            return nil
        }
        return minute
    }

    static func text(_ minute: Int) -> String { "\(LocalTime.padded(minute / 60)):\(LocalTime.padded(minute % 60))" }
}
