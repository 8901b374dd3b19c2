import Declarations
import Model

/// An entry of `blackouts`.
enum BlackoutReader {
    static var section: Section<Blackout> {
        Section(
            owner: "a blackout", blank: Blackout(fromWallMs: 0, toWallMs: 0),
            settings: [
                time("from", \.fromWallMs, "when it begins"),
                time(
                    "to", \.toWallMs,
                    "when it is over, later than `from`. A date alone is the beginning of that day"),
                // Read with the times that it completes.
                Setting(
                    names: ["zone"], summary: "name of a time zone", shownDefault: .text("`UTC`"),
                    sentence: "time zone of a `from` and `to` without an offset, such as `Europe/Berlin`",
                    properties: [("zone", .scalar)], read: { _, _ in true }, write: { _ in [] }),
                Setting.value(
                    "reason", \.reason, .line(limit: 200), shownDefault: "none", "why, for people"
                ).written { !$0.reason.isEmpty },
            ],
            finish: { blackout, fields in
                guard blackout.fromWallMs >= blackout.toWallMs else { return true }
                fields.fail(
                    at: fields.namePlace("to"),
                    "'to' must be later than 'from'; a date alone is the beginning of that day, so that a blackout of "
                        + "one day ends with the date of the next")
                return false
            })
    }

    private static func time(
        _ name: String, _ path: WritableKeyPath<Blackout, Int64>, _ sentence: String
    ) -> Setting<Blackout> {
        Setting(
            names: [name], summary: "date, `2026-12-24`, or time, `2026-12-24T18:00`, also with an offset",
            shownDefault: .required, sentence: sentence, properties: [(name, .scalar)],
            read: { fields, blackout in
                let zone: [ZoneOffset]? = fields.has("zone") ? fields["zone"]?.timeZone()?.offsets : ZoneOffsets.utc
                guard let field = fields.required(name), let zone, let wallMs = wallMs(field, zone) else {
                    return false
                }
                blackout[keyPath: path] = wallMs
                return true
            },
            write: { [(name, .text(LocalTime.text(wallMs: $0[keyPath: path])))] })
    }

    private static func wallMs(_ field: Field, _ zone: [ZoneOffset]) -> Int64? {
        guard let text = field.line(limit: 60) else { return nil }
        guard let instant = LocalTime.instant(text) else {
            field.fail(
                "\(field.label) must be a date such as 2026-12-24, or a time such as 2026-12-24T18:00 or "
                    + "2026-12-24T18:00+01:00, in whole minutes, got \(Quote.value(text))")
            return nil
        }
        if let offset = instant.offsetSeconds { return instant.localMs - Int64(offset) * 1_000 }
        return ZoneOffsets.wallMs(localMs: instant.localMs, offsets: zone)
    }
}
