import Foundation

/// A time as Go writes it, by a layout that shows how 2006-01-02 15:04:05 -0700 would look.
struct GoTime {
    let wallMs: Int64
    let offsetSeconds: Int
    let zone: String

    private static let months = [
        "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
        "December",
    ]
    private static let weekdays = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"]

    private struct Parts {
        let year: Int
        let month: Int
        let day: Int
        let weekday: Int
        let hour: Int
        let minute: Int
        let second: Int
    }

    var milliseconds: Int { Int(((wallMs % 1_000) + 1_000) % 1_000) }

    /// `1` for 100, `015` for 15.
    static func trimmed(_ milliseconds: Int) -> String {
        var digits = GoTime.padded(milliseconds, 3)
        while digits.hasSuffix("0") { digits.removeLast() }
        return digits
    }

    func text(_ layout: String) -> String {
        let parts = parts
        var (shown, rest) = ("", Substring(layout))
        while !rest.isEmpty {
            if let (element, text) = element(rest, parts) {
                shown += text
                rest = rest.dropFirst(element.count)
            } else {
                shown.append(rest.removeFirst())
            }
        }
        return shown
    }

    /// The element at the beginning of a layout, longest first, and what stands for it.
    private func element(_ layout: Substring, _ parts: Parts) -> (String, String)? {
        let half = parts.hour % 12 == 0 ? 12 : parts.hour % 12
        let elements: [(String, String)] = [
            ("2006", GoTime.padded(parts.year, 4)), ("January", GoTime.months[parts.month - 1]),
            ("Jan", String(GoTime.months[parts.month - 1].prefix(3))), ("Monday", GoTime.weekdays[parts.weekday]),
            ("Mon", String(GoTime.weekdays[parts.weekday].prefix(3))), ("MST", zone),
            ("Z07:00", offsetSeconds == 0 ? "Z" : offset(":")), ("-07:00", offset(":")), ("-0700", offset("")),
            (".000", "." + GoTime.padded(milliseconds, 3)), ("01", GoTime.padded(parts.month)),
            ("02", GoTime.padded(parts.day)), ("03", GoTime.padded(half)), ("04", GoTime.padded(parts.minute)),
            ("05", GoTime.padded(parts.second)), ("06", GoTime.padded(parts.year % 100)),
            ("15", GoTime.padded(parts.hour)), ("PM", parts.hour < 12 ? "AM" : "PM"),
            ("pm", parts.hour < 12 ? "am" : "pm"), ("_2", (parts.day < 10 ? " " : "") + "\(parts.day)"),
            ("1", "\(parts.month)"), ("2", "\(parts.day)"), ("3", "\(half)"), ("4", "\(parts.minute)"),
            ("5", "\(parts.second)"),
        ]
        return elements.first { layout.hasPrefix($0.0) }
    }

    private func offset(_ separator: String) -> String {
        let minutes = abs(offsetSeconds) / 60
        return (offsetSeconds < 0 ? "-" : "+") + GoTime.padded(minutes / 60) + separator + GoTime.padded(minutes % 60)
    }

    private static func padded(_ value: Int, _ digits: Int = 2) -> String {
        let text = String(value)
        return String(repeating: "0", count: max(0, digits - text.count)) + text
    }

    /// Days to years by the rule of the Gregorian calendar.
    private var parts: Parts {
        let local = (Double(wallMs) / 1_000).rounded(.down) + Double(offsetSeconds)
        let days = Int((local / 86_400).rounded(.down))
        let second = Int(local - Double(days) * 86_400)
        // Howard Hinnant, "chrono-compatible low-level date algorithms".
        let shifted = days + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        return Parts(
            year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month: month,
            day: dayOfYear - (153 * shiftedMonth + 2) / 5 + 1, weekday: ((days + 4) % 7 + 7) % 7, hour: second / 3_600,
            minute: second / 60 % 60, second: second % 60)
    }
}

/// Times.
extension TemplateFunctions {
    func times(_ name: String, _ arguments: [TemplateValue]) throws(TemplateError) -> TemplateValue? {
        switch name {
        case "now": return .time(wallMs: nowWallMs)
        case "since":
            guard case .time(let wallMs, _, _) = try take(1, arguments, name)[0] else {
                throw fail("since takes a time")
            }
            return .number(Double(nowWallMs - wallMs) / 1_000)
        case "date":
            let both = try take(2, arguments, name)
            guard case .time(let wallMs, let seconds, let zone) = both[1] else {
                throw fail("date takes a layout and a time")
            }
            return .text(GoTime(wallMs: wallMs, offsetSeconds: seconds, zone: zone).text(try text(both[0], name)))
        case "tz":
            let both = try take(2, arguments, name)
            guard case .time(let wallMs, _, _) = both[1] else { throw fail("tz takes the name of a zone and a time") }
            let date = Date(timeIntervalSince1970: Double(wallMs) / 1_000)
            guard let zone = TimeZone(identifier: try text(both[0], name)) else {
                throw fail("tz: there is no time zone \"\(try text(both[0], name).prefix(60))\"")
            }
            return .time(
                wallMs: wallMs, offsetSeconds: zone.secondsFromGMT(for: date), zone: zone.abbreviation(for: date) ?? "")
        case "humanizeTimestamp", "toTime":
            let seconds = try number(try take(1, arguments, name)[0], name)
            if let special = GoNumber.special(seconds) { return .text(special) }
            guard abs(seconds) < 1e11 else { throw fail("\(name): the time is too far away") }
            let time = TemplateValue.time(wallMs: Int64((seconds * 1_000).rounded(.down)))
            return name == "toTime" ? time : .text(time.printed)
        case "parseDuration": return try duration(arguments)
        default: return nil
        }
    }

    /// `1h30m` as seconds.
    private func duration(_ arguments: [TemplateValue]) throws(TemplateError) -> TemplateValue {
        let written = try text(try take(1, arguments, "parseDuration")[0], "parseDuration")
        let units = ["ms": 0.001, "s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800, "y": 31_536_000]
        var (rest, seconds) = (Substring(written), 0.0)
        repeat {
            let digits = rest.prefix { ("0"..."9").contains($0) }
            rest = rest[digits.endIndex...]
            let unit = rest.prefix { $0.isLetter }
            rest = rest[unit.endIndex...]
            guard let count = Double(digits), let size = units[String(unit)] else {
                throw fail("parseDuration takes a duration such as 1h30m, not \"\(written.prefix(40))\"")
            }
            seconds += count * size
        } while !rest.isEmpty
        return .number(seconds)
    }
}
