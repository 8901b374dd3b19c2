/// A value that a template works on. Maps have texts as keys and are gone through in the order of their keys, as in Go.
public indirect enum TemplateValue: Sendable, Equatable {
    case nothing
    case text(String)
    case integer(Int)
    case number(Double)
    case flag(Bool)
    case list([TemplateValue])
    /// A map with free keys, such as labels: a key that is not there has an empty text.
    case map([String: TemplateValue])
    /// A structure: a field that is not there is an error.
    case record([String: TemplateValue])
    /// Milliseconds since the Unix epoch, and the offset of its zone in seconds with the zone's name.
    case time(wallMs: Int64, offsetSeconds: Int = 0, zone: String = "UTC")

    /// What `if` takes for true: everything but the zero values.
    var isTrue: Bool {
        switch self {
        case .nothing: false
        case .text(let text): !text.isEmpty
        case .integer(let value): value != 0
        case .number(let value): value != 0
        case .flag(let flag): flag
        case .list(let list): !list.isEmpty
        case .map(let map): !map.isEmpty
        case .record, .time: true
        }
    }

    /// As Go prints it with `%v`.
    public var printed: String {
        switch self {
        case .nothing: return "<no value>"
        case .text(let text): return text
        case .integer(let value): return String(value)
        case .number(let value): return GoNumber.shortest(value)
        case .flag(let flag): return flag ? "true" : "false"
        case .list(let list): return "[" + list.map(\.printed).joined(separator: " ") + "]"
        case .map(let map):
            return "map[" + TemplateValue.sorted(map).map { "\($0.key):\($0.value.printed)" }.joined(separator: " ")
                + "]"
        case .record(let fields):
            return "{" + TemplateValue.sorted(fields).map(\.value.printed).joined(separator: " ") + "}"
        case .time(let wallMs, let offset, let zone):
            let clock = GoTime(wallMs: wallMs, offsetSeconds: offset, zone: zone)
            let fraction = clock.milliseconds == 0 ? "" : "." + GoTime.trimmed(clock.milliseconds)
            return clock.text("2006-01-02 15:04:05") + fraction + clock.text(" -0700 ") + zone
        }
    }

    /// In the order of the keys' bytes.
    static func sorted(_ map: [String: TemplateValue]) -> [(key: String, value: TemplateValue)] {
        map.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
    }

    /// Texts as a map, such as labels.
    public static func texts(_ pairs: [String: String]) -> TemplateValue { .map(pairs.mapValues { .text($0) }) }
}
